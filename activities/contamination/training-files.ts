import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import * as zlib from 'node:zlib';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import type { TrainingText } from '../../domain/contamination/index.ts';
import { limits } from '../../domain/index.ts';
import { failure } from '../failure.ts';

/**
 * The texts of one file of training data, in pieces of bounded size: a record of JSONL, JSON or parquet (all of its strings,
 * joined) is one text; any other file is read as paragraphs that go on from piece to piece. `.gz` and `.zst` are unpacked.
 * Failures: REQUEST_INVALID where the file cannot be read, is broken, or is JSON too large to be held.
 */
export async function* trainingTexts(file: string): AsyncGenerator<TrainingText> {
  const name = file.toLowerCase().replace(/\.(gz|zst)$/, '');
  try {
    if (name.endsWith('.parquet')) yield* parquetTexts(file);
    else if (name.endsWith('.json')) yield* jsonTexts(file);
    else if (/\.(jsonl|ndjson)$/.test(name)) yield* recordTexts(file);
    else yield* plainTexts(file);
  } catch (error) {
    throw failure('REQUEST_INVALID', `the training data ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

async function* recordTexts(file: string): AsyncGenerator<TrainingText> {
  for await (const { text, line, continues } of lines(file)) {
    if (text.trim() === '') continue;
    // A line that is cut, or is no JSON, is looked through as it stands: what is in it counts all the same.
    yield { file, line, continues, text: continues ? text : (textOfLine(text) ?? text) };
  }
}

/** A whole JSON document: an array of records, or one that holds such an array. */
async function* jsonTexts(file: string): AsyncGenerator<TrainingText> {
  const { size } = await stat(file);
  if (size > limits.trainingJsonBytes) throw new Error(`${size} bytes of JSON; as JSONL (one record a line) any size can be read`);
  const document = JSON.parse(file.toLowerCase().endsWith('.json') ? await readFile(file, 'utf8') : await wholeText(file)) as unknown;
  const records = Array.isArray(document) ? document : [document];
  for (const [index, record] of records.entries()) yield { file, line: index + 1, continues: false, text: stringsOf(record).join('\n') };
}

async function* parquetTexts(path: string): AsyncGenerator<TrainingText> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  let row = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = row + Number(group.num_rows);
    for (const record of await parquetReadObjects({ file, metadata, rowStart: row, rowEnd })) {
      row += 1;
      yield { file: path, line: row, continues: false, text: stringsOf(record).join('\n') };
    }
  }
}

async function* plainTexts(file: string): AsyncGenerator<TrainingText> {
  let paragraph = '';
  let isContinued = false;
  let first = 1;
  for await (const { text, line } of lines(file)) {
    const isEnd = text.trim() === '';
    if (paragraph === '') first = line;
    paragraph += `${text}\n`;
    if (!isEnd && paragraph.length < limits.trainingTextCharacters) continue;
    if (paragraph.trim() !== '') yield { file, line: first, continues: isContinued, text: paragraph };
    isContinued = !isEnd;
    paragraph = '';
  }
  if (paragraph.trim() !== '') yield { file, line: first, continues: isContinued, text: paragraph };
}

interface Line {
  text: string;
  line: number;
  /** Whether it is a later part of a line too long to be held. */
  continues: boolean;
}

async function* lines(file: string): AsyncGenerator<Line> {
  let rest = '';
  let line = 1;
  let continues = false;
  for await (const chunk of unpacked(file)) {
    const parts = (rest + (chunk as string)).split('\n');
    rest = parts.pop() ?? '';
    for (const text of parts) {
      yield { text, line, continues };
      line += 1;
      continues = false;
    }
    if (rest.length < limits.trainingLineCharacters) continue;
    yield { text: rest, line, continues };
    rest = '';
    continues = true;
  }
  if (rest !== '') yield { text: rest, line, continues };
}

function unpacked(file: string): NodeJS.ReadableStream {
  const bytes = createReadStream(file, { highWaterMark: 1024 ** 2 });
  // Node 22.15 brought Zstandard; a named import would keep older ones from starting at all.
  const unpacking = file.endsWith('.gz') ? zlib.createGunzip() : file.endsWith('.zst') ? zlib.createZstdDecompress() : undefined;
  if (!unpacking) return bytes.setEncoding('utf8');
  bytes.on('error', (error) => unpacking.destroy(error));
  return bytes.pipe(unpacking).setEncoding('utf8');
}

async function wholeText(file: string): Promise<string> {
  let text = '';
  for await (const chunk of unpacked(file)) {
    text += chunk as string;
    if (text.length > limits.trainingJsonBytes) throw new Error('more JSON than can be held; as JSONL (one record a line) any size can be read');
  }
  return text;
}

function textOfLine(line: string): string | undefined {
  try {
    return stringsOf(JSON.parse(line)).join('\n');
  } catch {
    return undefined;
  }
}

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(stringsOf);
}
