import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { limits } from '../../../domain/index.ts';
import { versionOf, type IndexFile } from './files.ts';
import { shown, Unreachable, type HttpClient } from './http.ts';
import { readRemoteZip } from './remote-zip.ts';
import { chunksOf } from './stream-file.ts';

/**
 * What an sdist says of itself, as METADATA: its PKG-INFO, with the requirements that its builder wrote beside it
 * (`*.egg-info/requires.txt`). Nothing of it is run, so it is a prediction: a setup.py may decide otherwise on the day.
 * .tar.gz and .zip are read. Throws Unreachable.
 */
export async function sdistMetadata(client: HttpClient, project: string, file: IndexFile, signal: AbortSignal): Promise<Buffer> {
  const stated = await readStatements(client, file, signal);
  const version = versionOf(file.filename, project) ?? '0';
  const header = (stated.packageInfo ?? '').split(/\r?\n\r?\n/)[0] ?? '';
  const ownRequirements = /^Requires-Dist:/im.test(header);
  const lines = [
    'Metadata-Version: 2.1',
    `Name: ${project}`,
    `Version: ${version}`,
    ...fieldsOf(header, 'Requires-Python'),
    ...(ownRequirements ? [...fieldsOf(header, 'Requires-Dist'), ...fieldsOf(header, 'Provides-Extra')] : requirementsOf(stated.requires ?? '')),
  ];
  return Buffer.from(`${lines.join('\n')}\n`);
}

interface Statements {
  packageInfo?: string;
  requires?: string;
}

async function readStatements(client: HttpClient, file: IndexFile, signal: AbortSignal): Promise<Statements> {
  const stated: Statements = {};
  if (file.filename.endsWith('.zip')) {
    const found = await readRemoteZip(client, file.url, (name) => kindOf(name) !== undefined, signal);
    for (const [name, bytes] of found) stated[kindOf(name) as keyof Statements] = bytes.toString('utf8');
    return stated;
  }
  const unpacking = extract();
  const source = Readable.from(limited(client, file, signal));
  const gunzip = createGunzip();
  source.on('error', (error) => gunzip.destroy(error));
  gunzip.on('error', (error) => unpacking.destroy(error));
  source.pipe(gunzip).pipe(unpacking);
  try {
    for await (const entry of unpacking) await readEntry(entry as unknown as Readable & { header: Header }, stated);
  } catch (error) {
    throw error instanceof Unreachable ? error : new Unreachable(`${shown(file.url)}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  } finally {
    source.destroy();
  }
  return stated;
}

async function readEntry(entry: Readable & { header: Header }, stated: Statements): Promise<void> {
  const { name, size = 0 } = entry.header;
  const wanted = size <= limits.packageMetadataBytes ? kindOf(name) : undefined;
  if (wanted === undefined) return void entry.resume();
  stated[wanted] = (await buffer(entry)).toString('utf8');
}

/** `pkg-1.0/PKG-INFO`, and `requires.txt` of the one egg-info near the top; those of vendored packages lie deeper. */
function kindOf(name: string): keyof Statements | undefined {
  const path = name.replace(/^\.\//, '');
  if (/^[^/]+\/PKG-INFO$/.test(path)) return 'packageInfo';
  return /^[^/]+\/(?:src\/|python\/)?[^/]+\.egg-info\/requires\.txt$/.test(path) ? 'requires' : undefined;
}

async function* limited(client: HttpClient, file: IndexFile, signal: AbortSignal): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of chunksOf(client, file, signal)) {
    size += chunk.byteLength;
    if (size > limits.sdistBytes) throw new Unreachable(`${shown(file.url)}: more than ${limits.sdistBytes} bytes`);
    yield chunk;
  }
}

function fieldsOf(header: string, name: string): string[] {
  const unfolded = header.replaceAll(/\r?\n[ \t]+/g, ' ');
  return unfolded.split(/\r?\n/).filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
}

/** `[extra:marker]` sections of setuptools' requires.txt as metadata fields. */
function requirementsOf(text: string): string[] {
  const lines: string[] = [];
  let [extra, marker] = ['', ''];
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.trim();
    const section = /^\[([^:\]]*)(?::(.*))?\]$/.exec(line);
    if (section) {
      [extra, marker] = [section[1] ?? '', section[2] ?? ''];
      if (extra !== '') lines.push(`Provides-Extra: ${extra}`);
    } else if (line !== '' && !line.startsWith('#')) {
      const conditions = [...(marker === '' ? [] : [extra === '' ? marker : `(${marker})`]), ...(extra === '' ? [] : [`extra == "${extra}"`])];
      lines.push(`Requires-Dist: ${line}${conditions.length === 0 ? '' : ` ; ${conditions.join(' and ')}`}`);
    }
  }
  return [...new Set(lines)];
}
