import { randomUUID } from 'node:crypto';
import type { Container } from 'dockerode';
import { limits, type Tree } from '../../domain/index.ts';
import type { MaskFile } from '../io/blobs.ts';
import { outputOf } from '../io/docker/execute.ts';
import { archiveOf } from '../io/docker/volumes.ts';
import type { ObjectStore } from '../io/store.ts';
import { treeFromTar } from '../io/trees.ts';
import { guardDirectories } from './guard.ts';

/** What stands in parts of a checkpoint directory at one moment, or why it could not be had. */
export type Snapshot = { tree: Tree } | { because: 'moving' | 'slow' | 'full' };

/**
 * Takes parts of the checkpoint directory that are written again and again, as they stand at one moment: the guard, which is beside
 * them, waits until nothing was written for a while, copies all of it on the same disk, and what changed meanwhile does not count. So
 * it is what the training itself would find after a SIGKILL at that moment, and no file of it is half of one and half of the next. The
 * copy is read at leisure then. `sizeBytes` is what there is to copy. Failures: ENGINE_UNREACHABLE, STORE_UNREACHABLE, DISK_FULL,
 * those of `mask`.
 */
export async function takeSnapshot(
  store: ObjectStore,
  guard: Container,
  { units, sizeBytes }: { units: readonly string[]; sizeBytes: number },
  { scratchDirectory, mask }: { scratchDirectory: string; mask?: MaskFile | undefined },
): Promise<Snapshot> {
  const copy = `${guardDirectories.copies}/${randomUUID()}`;
  const untilMs = performance.now() + limits.checkpointCopyMs;
  try {
    for (const { quietMs, waits } of patience) {
      const command = ['sh', '-c', script, 'copy', copy, String(quietMs / 1_000), String(waits), String(limits.checkpointCopyMs / 1_000), String(sizeBytes + limits.freeDiskBytes), ...units];
      const said = (await outputOf(guard, command, 1_000))?.trim();
      if (said === 'slow' || said === 'full') return { because: said };
      const tree = said?.startsWith('copied') ? await treeOfCopy() : undefined;
      // Another attempt, which has taken over, empties the directory of copies.
      if (tree && said === `copied ${tree.entries.filter(({ type }) => type !== 'directory').length}`) return { tree };
      if (performance.now() > untilMs) break;
    }
    return { because: 'moving' };
  } finally {
    await outputOf(guard, ['rm', '-rf', copy], 1_000);
  }

  async function treeOfCopy(): Promise<Tree> {
    const options = { maxBytes: limits.checkpointBytes, maxFiles: limits.checkpointFiles, tooLarge: 'OUTPUT_TOO_LARGE', unsafe: 'OUTPUT_UNSAFE', scratchDirectory } as const;
    return treeFromTar(store, await archiveOf(guard, copy), { ...options, ...(mask ? { mask } : {}) });
  }
}

/** A file that is written in place is whole after a pause; one that is written and renamed is whole at any time. */
const patience = [...Array.from({ length: 3 }, () => ({ quietMs: 300, waits: 20 })), ...Array.from({ length: 3 }, () => ({ quietMs: 20, waits: 50 }))];

/**
 * In sh with coreutils and findutils: `copy <into> <quiet seconds> <waits> <most seconds> <bytes that must be free> <unit>…`. The copy holds
 * what the listing of checkpoints (listing.ts) has: files, and links that stay in the directory. A single file is known by what was
 * opened and not by its name: where another takes its name meanwhile, what is copied is whole all the same.
 */
const script = `
into=$1 quiet=$2 waits=$3 most=$4 need=$5; shift 5
rm -rf ${guardDirectories.copies}/*; mkdir "$into" && cd ${guardDirectories.checkpoints} || exit 1
for unit; do shift; [ -e "./$unit" ] && set -- "$@" "./$unit"; done
[ "$#" -gt 0 ] || { echo moving; exit; }
[ "$(df --block-size=1 --output=avail "$into" | tail -n 1)" -gt "$need" ] || { echo full; exit; }
state() { find "$@" -xdev -printf '%y %s %T@ %i %l %p\\0' 2>&1 | sha256sum; }
ended() { case $1 in 0) ;; 124|137) echo slow; exit ;; *) echo moving; exit ;; esac; }

before=$(state "$@")
while sleep "$quiet"; now=$(state "$@"); [ "$now" != "$before" ]; do
  before=$now waits=$((waits - 1))
  [ "$waits" -gt 0 ] || { echo moving; exit; }
done
if [ "$#" = 1 ] && [ -f "$1" ] && [ ! -L "$1" ]; then
  [ -s "$1" ] || { echo moving; exit; } # It was opened to be written anew.
  exec 3<"$1"
  opened() { stat -L -c '%d %i %s %y' /proc/self/fd/3; }
  before=$(opened)
  [ "$(stat -c '%d %i %s %y' "$1")" = "$before" ] || { echo moving; exit; }
  timeout -k 1 "$most" cp --reflink=auto /proc/self/fd/3 "$into/$1"; ended $?
  [ "$(opened)" = "$before" ] || { echo moving; exit; }
else
  find "$@" -xdev '(' -type f -o -type l ! -lname '/*' ! -lname '..' ! -lname '../*' ! -lname '*/..' ! -lname '*/../*' ')' -print0 |
    timeout -k 1 "$most" xargs -0 -r cp --parents --no-dereference --reflink=auto -t "$into"; ended $?
  [ "$(state "$@")" = "$before" ] || { echo moving; exit; }
fi
echo "copied $(find "$into" ! -type d -printf x | wc -c)"
`;
