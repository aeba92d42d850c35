import type { Dirent, Stats } from 'node:fs';
import { createReadStream, lstatSync, readFileSync } from 'node:fs';
import { readdir, readlink } from 'node:fs/promises';
import { limits } from '../../domain/index.ts';
import { forEachConcurrently } from '../io/concurrency.ts';
import { scanBytes } from './bytes.ts';
import { reasonOf } from './compressed.ts';
import { scanContent } from './content.ts';
import { scanGitObjects } from './git-objects.ts';
import { outermost } from './nesting.ts';
import type { ScanSession } from './session.ts';

/** Names are kept as bytes, since a name need not be valid UTF-8; only reports decode them. */
interface Found {
  directory: Buffer;
  entry: Dirent<Buffer>;
}

/** Scans all files below a directory, the names and link targets too; a repository's objects by git, not as files. */
export async function scanDirectoryInto(session: ScanSession, root: string): Promise<void> {
  const files: Found[] = [];
  const names: string[] = [];
  const repositories: Buffer[] = [];
  await walk(session, Buffer.from(root), Buffer.alloc(0), { files, names, repositories });
  let done = 0;
  await forEachConcurrently(files, limits.scanFilesInFlight, async (found) => {
    session.options.signal?.throwIfAborted();
    await scanFile(session, root, found);
    done += 1;
    if (done % 200 === 0) session.options.report?.({ message: 'scanning files', done, total: files.length });
  });
  await scanBytes(session, { path: 'names of files', within: [] }, inOne(names));
  for (const repository of repositories) {
    await scanGitObjects(session, absolute(root, repository).toString('utf8'), shown(repository));
  }
}

interface Walk {
  files: Found[];
  names: string[];
  repositories: Buffer[];
}

async function walk(session: ScanSession, root: Buffer, directory: Buffer, into: Walk): Promise<void> {
  const pending = [directory];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    session.options.signal?.throwIfAborted();
    const entries = await listed(session, root, next);
    const repository = isRepository(entries);
    if (repository) into.repositories.push(next);
    for (const entry of entries) {
      const path = join(next, entry.name);
      into.names.push(shown(path));
      if (entry.isDirectory()) {
        if (!(repository && entry.name.toString() === 'objects')) pending.push(path);
      } else if (entry.isFile()) into.files.push({ directory: next, entry });
      else if (entry.isSymbolicLink()) into.names.push(await targetOf(session, root, path));
      else session.skip(shown(path), [], 'a device, pipe or socket; not read');
    }
  }
}

/** `.git` of a checkout, a bare repository, a submodule's: told by what it holds, not by its name. */
function isRepository(entries: Dirent<Buffer>[]): boolean {
  const names = new Set(entries.map((entry) => entry.name.toString()));
  return names.has('HEAD') && names.has('objects') && names.has('refs');
}

async function scanFile(session: ScanSession, root: string, { directory, entry }: Found): Promise<void> {
  const path = join(directory, entry.name);
  const file = absolute(root, path);
  try {
    const size = lstatSync(file).size;
    const large = tooLarge(size);
    if (large) return session.skip(shown(path), [], large);
    session.counts.files += 1;
    const chunks = size <= inOneBytes ? inOneRead(file) : createReadStream(file, { highWaterMark: 1024 * 1024 });
    await scanContent(session, outermost(shown(path)), chunks as AsyncIterable<Buffer>);
  } catch (error) {
    session.options.signal?.throwIfAborted();
    session.skip(shown(path), [], `not readable: ${codeOf(error)}`);
  }
}

const inOneBytes = 1024 * 1024;

/** Small files are read at once: five trips through the thread pool take longer than the scan. */
async function* inOneRead(file: Buffer): AsyncGenerator<Buffer> {
  yield readFileSync(file);
}

function tooLarge(size: Stats['size']): string | undefined {
  return size > limits.scanFileBytes ? `larger than ${limits.scanFileBytes} bytes; not read` : undefined;
}

async function listed(session: ScanSession, root: Buffer, directory: Buffer): Promise<Dirent<Buffer>[]> {
  try {
    return await readdir(absolute(root, directory), { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    session.skip(shown(directory) || '.', [], `not readable: ${codeOf(error)}`);
    return [];
  }
}

async function targetOf(session: ScanSession, root: Buffer, path: Buffer): Promise<string> {
  try {
    return (await readlink(absolute(root, path), { encoding: 'buffer' })).toString('latin1');
  } catch (error) {
    session.skip(shown(path), [], `not readable: ${codeOf(error)}`);
    return '';
  }
}

/** A system error's code; its message would repeat the path, which is said already. */
function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? reasonOf(error);
}

function join(directory: Buffer, name: Buffer): Buffer {
  return directory.length === 0 ? name : Buffer.concat([directory, Buffer.from('/'), name]);
}

function absolute(root: string | Buffer, path: Buffer): Buffer {
  return path.length === 0 ? Buffer.from(root) : Buffer.concat([Buffer.from(root), Buffer.from('/'), path]);
}

function shown(path: Buffer): string {
  return path.toString('utf8');
}

async function* inOne(texts: string[]): AsyncGenerator<Buffer> {
  if (texts.length > 0) yield Buffer.from(texts.join('\n'));
}
