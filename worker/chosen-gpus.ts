import type { Gpu } from '../activities/intake/gpus.ts';
import { NoSuchGpuError } from './start-problem.ts';

/**
 * UUIDs of the GPUs that are named by index or UUID. By UUID from then on: where a device is lost, the others move up. Throws
 * NoSuchGpuError, for the queue of a device that is not there would be asked for nothing, and nobody told.
 */
export function chosenGpus(named: readonly string[], found: readonly Gpu[]): string[] {
  const chosen = named.map((name) => found.find(({ index, uuid }) => name === index || name.toLowerCase() === uuid.toLowerCase())?.uuid ?? name);
  const missing = chosen.filter((name) => !found.some(({ uuid }) => uuid === name));
  if (missing.length === 0) return [...new Set(chosen)];
  const has = found.length === 0 ? 'nvidia-smi names none' : `it has ${found.map(({ index, uuid, model }) => `${index} (${uuid}, ${model})`).join(', ')}`;
  throw new NoSuchGpuError(`this machine has no GPU ${missing.join(', ')}: ${has}`);
}
