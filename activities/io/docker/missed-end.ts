import { existsSync } from 'node:fs';
import type { Container } from 'dockerode';
import { limits } from '../../../domain/index.ts';
import { isConflict, isNotFound, onEngine } from './errors.ts';

/**
 * A container that ends while the engine's containerd is away may run for ever as far as the engine knows. Where its first process
 * is not to be seen, the engine is asked for its processes, and where it has none, is made to look: by a signal that nobody heeds,
 * after which it notices the end within its stop timeout, with the exit code and the time that containerd kept.
 */
export async function noticeEnd(container: Container, { id, pid }: { id: string; pid: number }): Promise<void> {
  if (existsSync(`/proc/${pid}`)) return;
  // An engine elsewhere has processes that are never seen here: it is not asked at every look.
  if (performance.now() < (askedMs.get(id) ?? -Infinity) + limits.missedEndLookMs) return;
  askedMs.set(id, performance.now());
  if (await hasProcesses(container)) return;
  await onEngine('making the engine notice an end', () =>
    container.kill({ signal: 'SIGURG' }).catch((error: unknown) => {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }),
  );
}

const askedMs = new Map<string, number>();

async function hasProcesses(container: Container): Promise<boolean> {
  try {
    const { Processes } = (await container.top()) as { Processes: unknown[] };
    return Processes.length > 0;
  } catch (error) {
    // 409 and 500: it knows of none; without a connection nothing is known, which the next call tells.
    return (error as { statusCode?: number }).statusCode === undefined;
  }
}
