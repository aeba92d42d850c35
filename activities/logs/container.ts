import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from 'dockerode';
import { limits } from '../../domain/index.ts';
import { stateOf } from '../io/docker/containers.ts';
import { engineFailure } from '../io/docker/errors.ts';
import { containerLog } from '../io/docker/frames.ts';
import type { StageLog } from './stage-log.ts';

/**
 * Copies a container's log into the stage's until the container has ended and everything it wrote is taken, or `signal` is
 * aborted. One that ends while `mayGoOn` says so, as in its restart, is waited for. Over a re-attachment no line is lost or
 * doubled. Failures: ENGINE_UNREACHABLE, STORE_UNREACHABLE.
 */
export async function copyContainerLog(container: Container, log: StageLog, signal: AbortSignal, mayGoOn: () => boolean = () => false): Promise<void> {
  while (!signal.aborted) {
    // Asked before the copy: what was written before the end is still taken.
    const goesOn = mayGoOn();
    await copyOnce(container, log, signal);
    if (signal.aborted) return;
    const { status } = await stateOf(container);
    if (status === 'exited' && !goesOn) return;
    await sleep(limits.containerPollMs, undefined, { signal }).catch(() => undefined);
  }
}

async function copyOnce(container: Container, log: StageLog, signal: AbortSignal): Promise<void> {
  const since = await log.resume();
  try {
    for await (const entry of containerLog(container, since, signal)) {
      await log.writeLine(entry.text, entry.at, { continues: !entry.ends, stream: entry.stream });
    }
  } catch (error) {
    if (!signal.aborted) throw engineFailure(error, 'following the container log');
  }
}
