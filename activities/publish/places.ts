import { execa } from 'execa';
import { safeOptions } from '../scan/git-batch.ts';
import { git, gitEnvironment } from './git.ts';

/** A path under which commits brought an object in. */
export interface Place {
  path: string;
  commits: string[];
}

/** The list stays readable where a file was moved to and fro. */
const mostCommits = 20;

/** Where the given objects came into a history, by their names; the first commits of each path. */
export async function placesOf(directory: string, objects: ReadonlySet<string>, signal: AbortSignal | undefined): Promise<Map<string, Place[]>> {
  const found = new Map<string, Place[]>();
  if (objects.size === 0) return found;
  const input = await git(directory, ['rev-list', '--all', '--topo-order', '--reverse'], { signal });
  const differences = ['diff-tree', '--stdin', '-r', '-t', '-m', '--root', '--raw', '--no-renames', '--no-abbrev', '-z'];
  const child = execa('git', [...safeOptions(directory), ...differences], { env: gitEnvironment(), extendEnv: false, input, buffer: false, reject: false });
  const fields = fieldsOf(child.stdout as AsyncIterable<Buffer>);
  let commit = '';
  for await (const field of fields) {
    signal?.throwIfAborted();
    // `<commit>`, then `:<modes> <old> <new> <kind>` and its path, over and over.
    if (!field.startsWith(':')) commit = field.slice(0, /^[0-9a-f]+/.exec(field)?.[0].length ?? 0);
    else {
      const path = (await fields.next()).value ?? '';
      const object = field.split(' ')[3] ?? '';
      if (objects.has(object)) add(found, object, path, commit);
    }
  }
  await child;
  return found;
}

function add(found: Map<string, Place[]>, object: string, path: string, commit: string): void {
  const places = found.get(object) ?? [];
  found.set(object, places);
  const place = places.find((each) => each.path === path);
  if (!place) places.push({ path, commits: [commit] });
  else if (!place.commits.includes(commit) && place.commits.length < mostCommits) place.commits.push(commit);
}

async function* fieldsOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string, undefined> {
  let held = Buffer.alloc(0);
  for await (const chunk of chunks) {
    held = Buffer.concat([held, chunk]);
    let from = 0;
    for (let end = held.indexOf(0); end >= 0; end = held.indexOf(0, from)) {
      yield held.toString('utf8', from, end);
      from = end + 1;
    }
    held = held.subarray(from);
  }
  return undefined;
}
