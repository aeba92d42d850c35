import { limits } from '../../domain/index.ts';

/** Parts of a checkpoint directory that change from look to look, and for how many looks in a row they did. */
export interface Restless {
  /** Enters a look; resolves to those that it is no use to wait for any longer, among them what is `spoilt`. */
  saw(moving: ReadonlySet<string>, spoilt: ReadonlySet<string>): string[];
  /** They were copied, or cannot be, and have time again to settle by themselves. */
  taken(units: readonly string[]): void;
}

export function createRestless(): Restless {
  const looks = new Map<string, number>();
  return {
    saw(moving, spoilt) {
      for (const unit of looks.keys()) if (!moving.has(unit)) looks.delete(unit);
      for (const unit of moving) looks.set(unit, (looks.get(unit) ?? 0) + 1);
      return [...looks].flatMap(([unit, times]) => (spoilt.has(unit) || times >= limits.checkpointRestlessLooks ? [unit] : []));
    },
    taken: (units) => units.forEach((unit) => looks.set(unit, limits.checkpointRestlessLooks - limits.checkpointAgainLooks)),
  };
}

/** What stands directly in the directory, and is taken together. */
export function unitOf(path: string): string {
  return path.split('/')[0] ?? '';
}
