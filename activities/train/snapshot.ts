import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Container } from 'dockerode';
import { limits, type Tree } from '../../domain/index.ts';
import type { MaskFile } from '../io/blobs.ts';
import { outputFile } from '../io/docker/execute.ts';
import type { ObjectStore } from '../io/store.ts';
import { treeFromTar } from '../io/trees.ts';
import { guardDirectories } from './guard.ts';

/**
 * Reads parts of the checkpoint directory that are written again and again, as they stand at one moment: the guard, which is beside
 * them, waits until nothing was written for a while, reads all of it in one go, and what changed meanwhile does not count. So it
 * is what the training itself would find after a SIGKILL at that moment, and no file of it is half of one and half of the next.
 * Undefined where no moment was quiet long enough. Failures: ENGINE_UNREACHABLE, STORE_UNREACHABLE, DISK_FULL, those of `mask`.
 */
export async function takeSnapshot(
  store: ObjectStore,
  guard: Container,
  units: readonly string[],
  { scratchDirectory, mask }: { scratchDirectory: string; mask?: MaskFile | undefined },
): Promise<Tree | undefined> {
  await mkdir(scratchDirectory, { recursive: true });
  const path = join(scratchDirectory, `${randomUUID()}.tar`);
  try {
    for (const { quietMs, waits } of patience) {
      const command = ['sh', '-c', script, 'snapshot', String(quietMs / 1_000), String(waits), String(limits.checkpointReadMs / 1_000), ...units];
      if (!(await outputFile(guard, command, path))) continue;
      return await treeFromTar(store, createReadStream(path), {
        maxBytes: limits.checkpointReadBytes,
        maxFiles: limits.checkpointFiles,
        tooLarge: 'OUTPUT_TOO_LARGE',
        unsafe: 'OUTPUT_UNSAFE',
        scratchDirectory,
        ...(mask ? { mask } : {}),
      });
    }
    return undefined;
  } finally {
    await rm(path, { force: true });
  }
}

/** A file that is written in place is whole after a pause; one that is written and renamed is whole at any time. */
const patience = [...Array.from({ length: 3 }, () => ({ quietMs: 300, waits: 20 })), ...Array.from({ length: 3 }, () => ({ quietMs: 20, waits: 50 }))];

/**
 * In sh with coreutils, find and tar: `snapshot <quiet seconds> <waits> <most seconds> <unit>…`. The tar holds what the listing of
 * checkpoints (listing.ts) has: files, and links that stay in the directory. Another exit code than 0 says that the tar is worth nothing.
 */
const script = `
quiet=$1 waits=$2 most=$3; shift 3
cd ${guardDirectories.checkpoints} || exit 1
for unit; do shift; [ -e "./$unit" ] && set -- "$@" "./$unit"; done
[ "$#" -gt 0 ] || exit 1
state() { find "$@" -xdev -printf '%y %s %T@ %i %l %p\\0' 2>&1 | sha256sum; }

before=$(state "$@")
while sleep "$quiet"; now=$(state "$@"); [ "$now" != "$before" ]; do
  before=$now waits=$((waits - 1))
  [ "$waits" -gt 0 ] || exit 2
done
find "$@" -xdev '(' -type f -o -type l ! -lname '/*' ! -lname '..' ! -lname '../*' ! -lname '*/..' ! -lname '*/../*' ')' -print0 |
  timeout -k 1 "$most" tar -c --null --no-recursion --hard-dereference -T - || exit 3
[ "$(state "$@")" = "$before" ]
`;
