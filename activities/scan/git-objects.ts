import { run } from '../io/subprocess.ts';
import { scanContent } from './content.ts';
import { reasonOf } from './compressed.ts';
import { forEachObject, safeEnvironment, safeOptions } from './git-batch.ts';
import { outermost } from './nesting.ts';
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
  try {
    const exitCode = await forEachObject(session, gitDirectory, (object, _size, body) => scanContent(session, outermost(place, [object]), body));
    if (exitCode !== 0) session.skip(place, [], `git could not read all objects (exit code ${exitCode ?? 'none'}): the repository is damaged`);
  } catch (error) {
    session.options.signal?.throwIfAborted();
    session.skip(place, [], `the objects are not readable: ${reasonOf(error)}`);
  }
  await findMissing(session, gitDirectory, place);
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
