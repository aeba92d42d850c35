import type { PerturbationOf } from './instance.ts';

/** One value of one question, which may be a perturbed copy. */
export interface CopyValue {
  /** The id that all copies share. */
  of: string;
  perturbation?: PerturbationOf['kind'] | undefined;
  value: number | null;
}

/**
 * HELM's worst case of a metric (compute_worst_case_metrics): the least value over an instance's original and its perturbed copies of
 * this kind, averaged over instances. Null where no instance has a value. An instance without such a copy counts with its original.
 */
export function worstCase(values: readonly CopyValue[], kind: PerturbationOf['kind']): number | null {
  const least = new Map<string, number>();
  for (const { of, perturbation, value } of values) {
    if (value === null || (perturbation !== undefined && perturbation !== kind)) continue;
    least.set(of, Math.min(least.get(of) ?? value, value));
  }
  return least.size === 0 ? null : [...least.values()].reduce((sum, value) => sum + value, 0) / least.size;
}
