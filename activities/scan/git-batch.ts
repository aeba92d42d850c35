import { execa } from 'execa';
import { createByteReader, type ByteReader } from './reader.ts';
import type { ScanSession } from './session.ts';

/** Gives every object (`blob <name>`) of a repository to `take`, which may leave of its bytes what it wants. Returns git's exit code. */
export async function forEachObject(
  session: ScanSession,
  gitDirectory: string,
  take: (object: string, size: number, body: AsyncIterable<Buffer>) => Promise<unknown>,
): Promise<number | undefined> {
  const child = execa('git', [...safeOptions(gitDirectory), 'cat-file', '--batch-all-objects', '--batch', '--unordered', '--buffer'], {
    env: safeEnvironment(),
    extendEnv: false,
    stdin: 'ignore',
    buffer: false,
    reject: false,
    ...(session.options.signal === undefined ? {} : { cancelSignal: session.options.signal }),
  });
  try {
    await readBatch(session, createByteReader(child.stdout as AsyncIterable<Uint8Array>), take);
  } catch (error) {
    child.kill();
    throw error;
  } finally {
    // What nobody reads would keep the process from ending.
    child.stdout.destroy();
  }
  const { exitCode } = await child;
  session.options.signal?.throwIfAborted();
  return exitCode;
}

/** `<object> <type> <size>`, the bytes, a newline; over and over. */
async function readBatch(session: ScanSession, reader: ByteReader, take: Parameters<typeof forEachObject>[2]): Promise<void> {
  for (let header = await reader.line(); header !== undefined; header = await reader.line()) {
    const [object = '', type = '', size = ''] = header.split(' ');
    if (!/^\d+$/.test(size)) throw new Error(`unexpected answer of git: ${type}`);
    session.counts.objects += 1;
    const end = reader.position() + Number(size);
    await take(`${type} ${object}`, Number(size), reader.take(Number(size)));
    for await (const rest of reader.take(end + 1 - reader.position())) void rest;
    if (session.counts.objects % 2_000 === 0) session.options.report?.({ message: 'scanning git objects', done: session.counts.objects });
  }
}

/** A submission's repository is hostile: its configuration must start no program and reach no network. */
export function safeOptions(gitDirectory: string): string[] {
  return ['-c', 'safe.directory=*', '-c', 'protocol.allow=never', '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', `--git-dir=${gitDirectory}`];
}

export function safeEnvironment(): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', GIT_NO_LAZY_FETCH: '1', GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' };
}
