import { execa } from 'execa';
import { run } from '../io/subprocess.ts';
import { scanContent } from './content.ts';
import { reasonOf } from './compressed.ts';
import { outermost } from './nesting.ts';
import { createByteReader, type ByteReader } from './reader.ts';
import type { ScanSession } from './session.ts';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Scans every object that a repository holds, packed, loose or unreachable: commits and tags with their messages, trees with
 * their names, blobs with what is packed in them. What refs or reflogs name and the repository lacks makes the scan
 * incomplete. `shownAs` stands for the repository in findings.
 */
export async function scanGitObjects(session: ScanSession, gitDirectory: string, shownAs: string): Promise<void> {
  const place = shownAs || '.';
  if (existsSync(join(gitDirectory, 'objects', 'info', 'alternates'))) {
    session.skip(place, [], 'objects of another repository belong to it (objects/info/alternates); not read');
  }
  const child = execa('git', [...safeOptions(gitDirectory), 'cat-file', '--batch-all-objects', '--batch', '--unordered', '--buffer'], {
    env: safeEnvironment(),
    extendEnv: false,
    stdin: 'ignore',
    buffer: false,
    reject: false,
    ...(session.options.signal === undefined ? {} : { cancelSignal: session.options.signal }),
  });
  try {
    await scanBatch(session, place, createByteReader(child.stdout as AsyncIterable<Uint8Array>));
  } catch (error) {
    session.options.signal?.throwIfAborted();
    session.skip(place, [], `the objects are not readable: ${reasonOf(error)}`);
    child.kill();
  } finally {
    // What nobody reads would keep the process from ending.
    child.stdout.destroy();
  }
  const { exitCode } = await child;
  session.options.signal?.throwIfAborted();
  if (exitCode !== 0) session.skip(place, [], `git could not read all objects (exit code ${exitCode ?? 'none'}): the repository is damaged`);
  await findMissing(session, gitDirectory, place);
}

/** `<object> <type> <size>`, the bytes, a newline; over and over. */
async function scanBatch(session: ScanSession, place: string, reader: ByteReader): Promise<void> {
  for (let header = await reader.line(); header !== undefined; header = await reader.line()) {
    const [object = '', type = '', size = ''] = header.split(' ');
    if (!/^\d+$/.test(size)) throw new Error(`unexpected answer of git: ${type}`);
    session.counts.objects += 1;
    const content = outermost(place, [`${type} ${object}`]);
    await scanContent(session, content, reader.take(Number(size)));
    for await (const rest of reader.take(1)) void rest;
    if (session.counts.objects % 2_000 === 0) session.options.report?.({ message: 'scanning git objects', done: session.counts.objects });
  }
}

async function findMissing(session: ScanSession, gitDirectory: string, place: string): Promise<void> {
  const { stdout, exitCode } = await run(
    'git',
    [...safeOptions(gitDirectory), 'rev-list', '--objects', '--all', '--reflog', '--missing=print', '--quiet'],
    { env: safeEnvironment(), ...(session.options.signal === undefined ? {} : { signal: session.options.signal }) },
  );
  const missing = stdout.split('\n').filter((line) => line.startsWith('?')).length;
  if (missing > 0) session.skip(place, [], `${missing} objects are named and missing; they may hold anything`);
  else if (exitCode !== 0) session.skip(place, [], 'git could not follow the history: the repository is damaged');
  if (existsSync(join(gitDirectory, 'shallow'))) session.skip(place, [], 'the history is shallow: earlier commits are missing');
}

/** A submission's repository is hostile: its configuration must start no program and reach no network. */
export function safeOptions(gitDirectory: string): string[] {
  return ['-c', 'safe.directory=*', '-c', 'protocol.allow=never', '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', `--git-dir=${gitDirectory}`];
}

export function safeEnvironment(): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', GIT_NO_LAZY_FETCH: '1', GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' };
}
