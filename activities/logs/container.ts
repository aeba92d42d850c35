import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from 'dockerode';
import { limits } from '../../domain/index.ts';
import { stateOf } from '../io/docker/containers.ts';
import { engineFailure } from '../io/docker/errors.ts';
import { containerLog } from '../io/docker/frames.ts';
import { continuedMark } from './lines.ts';
import type { StageLog } from './stage-log.ts';

/**
 * Copies a container's log into the stage's until the container has ended and everything it wrote is taken, or `signal` is
 * aborted. Over a re-attachment no line is lost or doubled. Failures: ENGINE_UNREACHABLE, STORE_UNREACHABLE.
 */
export async function copyContainerLog(container: Container, log: StageLog, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await copyOnce(container, log, signal);
    if (signal.aborted) return;
    const { status } = await stateOf(container);
    if (status === 'exited') return;
    await sleep(limits.containerPollMs, undefined, { signal }).catch(() => undefined);
  }
}

async function copyOnce(container: Container, log: StageLog, signal: AbortSignal): Promise<void> {
  const since = await log.resume();
  try {
    for await (const entry of containerLog(container, since, signal)) {
      await log.writeLine(entry.ends ? entry.text : entry.text + continuedMark, entry.at);
    }
  } catch (error) {
    if (!signal.aborted) throw engineFailure(error, 'following the container log');
  }
}
