import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import { execa } from 'execa';
import { limits } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { safeEnvironment, safeOptions } from '../scan/git-batch.ts';
import { createByteReader } from '../scan/reader.ts';

export type ObjectType = 'blob' | 'tree' | 'commit' | 'tag';
export type ObjectFormat = 'sha1' | 'sha256';

export interface GitObject {
  type: ObjectType;
  bytes: Buffer;
}

/** Runs git on a repository with none of its configuration's programs. Failures: SOURCE_UNREADABLE where git cannot do it. */
export async function git(directory: string, args: string[], { input = '', signal }: { input?: string; signal?: AbortSignal | undefined } = {}): Promise<string> {
  const result = await execa('git', [...safeOptions(directory), ...args], {
    env: gitEnvironment(),
    extendEnv: false,
    input,
    maxBuffer: 2 * 1024 ** 3,
    reject: false,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  signal?.throwIfAborted();
  if (result.exitCode !== 0) throw failure('SOURCE_UNREADABLE', `git ${args[0]} on the history: ${result.stderr.trim().split('\n').at(-1) ?? ''}`, { cause: result });
  return result.stdout;
}

export function gitEnvironment(): Record<string, string> {
  return { ...safeEnvironment(), GIT_CONFIG_GLOBAL: '/dev/null', GIT_NO_REPLACE_OBJECTS: '1' };
}

/** Objects one after the other, from one process of git. */
export interface ObjectReader {
  /** Failures: SOURCE_UNREADABLE where it is missing, SOURCE_TOO_LARGE where it is no tree, commit or tag of a person's. */
  read(id: string): Promise<GitObject>;
  close(): Promise<void>;
}

export function openObjects(directory: string): ObjectReader {
  const child = execa('git', [...safeOptions(directory), 'cat-file', '--batch'], { env: gitEnvironment(), extendEnv: false, stdin: 'pipe', buffer: false, reject: false });
  const reader = createByteReader(child.stdout as AsyncIterable<Uint8Array>);
  return {
    async read(id) {
      child.stdin.write(`${id}\n`);
      const [, type = '', size = ''] = ((await reader.line()) ?? '').split(' ');
      if (!/^\d+$/.test(size)) throw failure('SOURCE_UNREADABLE', `the object ${id} of the history is ${type || 'not readable'}`);
      if (Number(size) > limits.publishTextBytes) throw failure('SOURCE_TOO_LARGE', `the ${type} ${id} of the history has ${size} bytes`);
      const bytes = await collected(reader.take(Number(size)));
      for await (const end of reader.take(1)) void end;
      return { type: type as ObjectType, bytes };
    },
    async close() {
      child.stdin.end();
      child.stdout.destroy();
      await child;
    },
  };
}

/** All objects of a list in its order; `take` is given what is no larger than a text, the others are passed over. */
export async function forEachObject(directory: string, ids: readonly string[], take: (id: string, object: GitObject) => Promise<void>): Promise<void> {
  const child = execa('git', [...safeOptions(directory), 'cat-file', '--batch', '--buffer'], {
    env: gitEnvironment(),
    extendEnv: false,
    input: ids.map((id) => `${id}\n`).join(''),
    buffer: false,
    reject: false,
  });
  const reader = createByteReader(child.stdout as AsyncIterable<Uint8Array>);
  try {
    for (let header = await reader.line(); header !== undefined; header = await reader.line()) {
      const [id = '', type = '', size = ''] = header.split(' ');
      if (!/^\d+$/.test(size)) throw failure('SOURCE_UNREADABLE', `the object ${id} of the history is ${type}`);
      const body = reader.take(Number(size));
      if (Number(size) <= limits.publishTextBytes) await take(id, { type: type as ObjectType, bytes: await collected(body) });
      else for await (const skipped of body) void skipped;
      for await (const end of reader.take(1)) void end;
    }
  } finally {
    child.stdout.destroy();
    await child;
  }
}

const compress = promisify(deflate);

/** Writes a loose object and gives its name. */
export async function writeObject(directory: string, format: ObjectFormat, { type, bytes }: GitObject): Promise<string> {
  const whole = Buffer.concat([Buffer.from(`${type} ${bytes.length}\0`), bytes]);
  const id = createHash(format).update(whole).digest('hex');
  const parent = join(directory, 'objects', id.slice(0, 2));
  await mkdir(parent, { recursive: true });
  const partial = join(parent, `.${randomUUID()}`);
  await writeFile(partial, await compress(whole, { level: 1 }));
  await rename(partial, join(parent, id.slice(2)));
  return id;
}

async function collected(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}
