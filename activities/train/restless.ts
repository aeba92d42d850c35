import { limits } from '../../domain/index.ts';
import type { ListedFile } from './listing.ts';

/** Parts of a checkpoint directory that change from look to look, and for how many looks in a row they did. */
export interface Restless {
  /** Enters a look; resolves to those that it is no use to wait for any longer, and that are small enough to be read at one moment. */
  saw(moving: ReadonlySet<string>, listed: readonly ListedFile[]): string[];
  /** They were read, and have time again to settle by themselves. */
  taken(units: readonly string[]): void;
}

export function createRestless(): Restless {
  const looks = new Map<string, number>();
  return {
    saw(moving, listed) {
      for (const unit of looks.keys()) if (!moving.has(unit)) looks.delete(unit);
      for (const unit of moving) looks.set(unit, (looks.get(unit) ?? 0) + 1);
      const units = [...looks].flatMap(([unit, times]) => (times >= limits.checkpointRestlessLooks ? [unit] : []));
      const sizeBytes = listed.reduce((sum, file) => sum + (units.includes(unitOf(file.path)) ? file.sizeBytes : 0), 0);
      return sizeBytes <= limits.checkpointReadBytes ? units : [];
    },
    taken: (units) => units.forEach((unit) => looks.set(unit, limits.checkpointRestlessLooks - limits.checkpointAgainLooks)),
  };
}

/** What stands directly in the directory, and is taken together. */
export function unitOf(path: string): string {
  return path.split('/')[0] ?? '';
}
