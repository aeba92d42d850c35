import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { limits } from '../../domain/index.ts';
import { isConflict, isNotFound } from '../io/docker/errors.ts';
import { untilExcess, type Excess, type ExcessBounds } from '../io/docker/excess.ts';

/** What the steps of a build may take beyond what the builder's own options bound. */
export type StepBounds = Required<ExcessBounds> & { pollMs?: number };

export const stepBounds: StepBounds = { rootBytes: limits.rootBytes, pids: limits.containerPids };

export interface StepConfinement {
  /** To be called with the container of each step as the engine names it, before or while it runs. */
  take(container: string): void;
  /** Why the last step was stopped by us. */
  excess(): Excess | undefined;
  end(): void;
}

/**
 * The builder takes no limit of processes and none of disk: the first is set on each step's container when the engine names it,
 * the second is looked at while it runs; a step that takes more is killed.
 */
export function confineSteps(docker: Docker, { pollMs, ...bounds }: StepBounds = stepBounds): StepConfinement {
  let looking = new AbortController();
  let found: Excess | undefined;
  const hold = async (container: Docker.Container, signal: AbortSignal): Promise<void> => {
    await container.update({ PidsLimit: bounds.pids });
    const excess = await untilExcess(container, bounds, signal, pollMs);
    if (!excess || signal.aborted) return;
    found = excess;
    await container.kill();
  };
  const follow = async (container: Docker.Container, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      try {
        return await hold(container, signal);
      } catch (error) {
        // A step that has ended needs no limit. An engine that does not answer for a moment is asked again: the step may go on.
        if (isNotFound(error) || isConflict(error)) return;
      }
      await sleep(pollMs ?? limits.excessPollMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  };
  return {
    take(id) {
      looking.abort();
      looking = new AbortController();
      found = undefined;
      void follow(docker.getContainer(id), looking.signal);
    },
    excess: () => found,
    end: () => looking.abort(),
  };
}
