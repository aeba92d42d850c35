import type { ListedFile } from './listing.ts';
import { unitOf } from './restless.ts';

/**
 * What of a checkpoint directory is complete, by two looks: what stands directly in the directory, a file or a whole
 * subdirectory, is taken together, and taken once nothing of it changed. Trainers write a checkpoint as one such directory; half
 * of one would be resumed from and fail. `moving` names what is there and still changes, and what is `spoilt`: it seemed to hold still
 * before, and did not for as long as it takes to read.
 */
export function settledFiles(before: ListedFile[], now: ListedFile[], spoilt: ReadonlySet<string>): { files: ListedFile[]; moving: Set<string> } {
  const earlier = unitsOf(before);
  const files: ListedFile[] = [];
  const moving = new Set<string>();
  for (const [unit, members] of unitsOf(now)) {
    if (!spoilt.has(unit) && fingerprint(earlier.get(unit) ?? []) === fingerprint(members)) files.push(...members.filter(isKept));
    else moving.add(unit);
  }
  return { files, moving };
}

/** Links that lead elsewhere are worth nothing on another machine. */
function isKept({ link }: ListedFile): boolean {
  return link === undefined || (!link.startsWith('/') && !link.split('/').includes('..'));
}

function unitsOf(files: ListedFile[]): Map<string, ListedFile[]> {
  const units = new Map<string, ListedFile[]>();
  for (const file of files) {
    const unit = unitOf(file.path);
    const members = units.get(unit);
    if (members) members.push(file);
    else units.set(unit, [file]);
  }
  return units;
}

function fingerprint(files: ListedFile[]): string {
  return files.map(({ path, stamp, link }) => JSON.stringify([path, stamp, link])).sort().join('\n');
}
