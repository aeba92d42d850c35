import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parse as parseCsv } from 'csv-parse/sync';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { canonicalJson, limits } from '../../domain/index.ts';
import type { Split } from '../../domain/adaptation/index.ts';
import { invalid } from '../intake/suite-lines.ts';

/** One record of a data set's file. */
export interface Row {
  value: Record<string, unknown>;
  /** As the definition names it, and the line (of parquet: the row) that the record begins at. */
  file: string;
  line: number;
  split: Split | undefined;
}

export interface DataFile {
  /** Where it is, and how a message names it. */
  path: string;
  name: string;
  sha256?: string | undefined;
  split?: Split | undefined;
}

export interface ReadOptions {
  /** Whether the first line of a CSV file names its columns; else they are called "0", "1", … */
  header: boolean;
}

/**
 * The records of a CSV, TSV, JSON, JSON Lines or parquet file, or of every such file of a directory in the order of their paths.
 * Failures: SUITE_INVALID naming file and line.
 */
export async function readRows(file: DataFile, options: ReadOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { path, name } of await filesOf(file)) {
    const records = await readRecords(path, name, options);
    for (const { value, line } of records) rows.push({ value, line, file: name, split: file.split ?? splitOfName(name) });
  }
  if (rows.length === 0) throw invalid(file.name, 'holds no record');
  return rows;
}

/** SHA-256 of a file, or of the list of names and hashes of a directory. Failures: SUITE_INVALID where it is not the one that is expected. */
export async function checkedHash(file: DataFile): Promise<string> {
  const files = await filesOf(file);
  const hashes = await Promise.all(files.map(async ({ path, name }) => [name.slice(file.name.length), await hashOf(path)]));
  const isFile = files.length === 1 && files[0]?.path === file.path;
  const actual = isFile ? (hashes[0]?.[1] ?? '') : createHash('sha256').update(canonicalJson(hashes)).digest('hex');
  if (file.sha256 === undefined || file.sha256 === actual) return actual;
  throw invalid(file.name, `has the SHA-256 ${actual}, and the definition says ${file.sha256}; fetch it again, or correct the definition`);
}

async function filesOf({ path, name }: DataFile): Promise<{ path: string; name: string }[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw invalid(name, 'is not there');
  if (!found.isDirectory()) {
    if (found.size > limits.dataFileBytes) throw invalid(name, `is larger than ${limits.dataFileBytes} bytes; split it, and name the parts`);
    return [{ path, name }];
  }
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && readerOf(entry.name)).map((entry) => join(entry.parentPath, entry.name));
  return files.sort().map((each) => ({ path: each, name: join(name, each.slice(path.length)) }));
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}

/** "high_school_physics_dev.csv" and "train-00000-of-00001.parquet" say what they are for. */
function splitOfName(name: string): Split | undefined {
  const word = /(?:^|[_.-])(auxiliary_train|train|dev|val|valid|validation|test)(?:[_.-]|$)/.exec(basename(name))?.[1];
  if (word === undefined) return undefined;
  if (word === 'test') return 'test';
  return word.startsWith('val') ? 'valid' : 'train';
}

interface LineRecord {
  value: Record<string, unknown>;
  line: number;
}
type Reader = (path: string, name: string, options: ReadOptions) => Promise<LineRecord[]>;

async function readRecords(path: string, name: string, options: ReadOptions): Promise<LineRecord[]> {
  const reader = readerOf(name);
  if (!reader) throw invalid(name, 'is of no format that is read; known endings are .csv, .tsv, .json, .jsonl and .parquet');
  return reader(path, name, options);
}

function readerOf(name: string): Reader | undefined {
  const ending = /\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase();
  return ending === undefined ? undefined : readers[ending];
}

const readers: Readonly<Record<string, Reader>> = {
  csv: (path, name, options) => readCsv(path, name, options, ','),
  tsv: (path, name, options) => readCsv(path, name, options, '\t'),
  json: readJson,
  jsonl: readJsonLines,
  parquet: readParquet,
};

async function readCsv(path: string, name: string, { header }: ReadOptions, delimiter: string): Promise<LineRecord[]> {
  try {
    const records = parseCsv(await readFile(path), { bom: true, info: true, delimiter, relax_column_count: true, skip_empty_lines: true }) as unknown as {
      record: string[];
      info: { lines: number };
    }[];
    const columns = header ? records.shift()?.record.map(columnName) : undefined;
    return records.map(({ record, info }) => ({ value: Object.fromEntries(record.map((cell, index) => [columns?.[index] ?? String(index), cell])), line: info.lines }));
  } catch (error) {
    throw invalid(name, `is no valid CSV: ${(error as { code?: string; lines?: number }).code ?? 'unreadable'}, line ${(error as { lines?: number }).lines ?? 1}`);
  }
}

/** "Best Answer" of TruthfulQA.csv is "best_answer" of the same data as parquet. */
function columnName(cell: string): string {
  return cell.trim().toLowerCase().replaceAll(/\s+/g, '_');
}

async function readJson(path: string, name: string): Promise<LineRecord[]> {
  const value = parseJson(await readFile(path, 'utf8'), name, 1);
  return (Array.isArray(value) ? value : [value]).map((each) => ({ value: recordOf(each, name, 1), line: 1 }));
}

async function readJsonLines(path: string, name: string): Promise<LineRecord[]> {
  const lines = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '').split('\n');
  return lines.flatMap((text, index) => (text.trim() === '' ? [] : [{ value: recordOf(parseJson(text, name, index + 1), name, index + 1), line: index + 1 }]));
}

function parseJson(text: string, name: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(`${name} line ${line}`, 'is not valid JSON');
  }
}

function recordOf(value: unknown, name: string, line: number): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalid(`${name} line ${line}`, 'is no object');
}

async function readParquet(path: string, name: string): Promise<LineRecord[]> {
  try {
    const records = await parquetReadObjects({ file: await asyncBufferFromFile(path) });
    return records.map((value, index) => ({ value: plain(value) as Record<string, unknown>, line: index + 1 }));
  } catch (error) {
    throw invalid(name, `is no parquet file that can be read (${(error as Error).message}); write it again with compression "snappy"`);
  }
}

/** Numbers of 64 bits come as bigint; labels and indexes fit a double. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}
