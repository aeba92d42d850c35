import type { Container } from 'dockerode';
import { onEngine } from './errors.ts';

/** What a container uses. */
export interface ContainerUse {
  /** Of one CPU, since it was asked before; undefined the first time. */
  cpuShare: number | undefined;
  memoryBytes: number;
  /** Of all its life, in milliseconds of one CPU. */
  cpuMs: number;
}

/** Asks the engine for a running container's use; undefined where it has ended. Failures: ENGINE_UNREACHABLE. */
export function createUseMeter(container: Container): () => Promise<ContainerUse | undefined> {
  let before: { cpuNs: number; atMs: number } | undefined;
  return async () => {
    const { cpu_stats, memory_stats } = await onEngine('asking what the container uses', () => container.stats({ stream: false, 'one-shot': true } as { stream: false }));
    const cpuNs = cpu_stats.cpu_usage.total_usage;
    const atMs = performance.now();
    const last = before;
    before = { cpuNs, atMs };
    if (cpuNs < (last?.cpuNs ?? 1)) return undefined;
    const cpuShare = last && (cpuNs - last.cpuNs) / 1e6 / (atMs - last.atMs);
    return { cpuShare, memoryBytes: memory_stats.usage ?? 0, cpuMs: cpuNs / 1e6 };
  };
}

/** Bytes that a container wrote outside its volumes. Failures: ENGINE_UNREACHABLE. */
export async function layerBytes(container: Container): Promise<number> {
  const info = (await onEngine('asking what the container has on disk', () => container.inspect({ size: true } as object))) as { SizeRw?: number };
  return info.SizeRw ?? 0;
}
