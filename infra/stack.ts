import { mkdirSync } from 'node:fs';
import type { Config } from './config.ts';
import { withLock } from './lock.ts';
import { partNames, type PartName } from './parts.ts';
import { stackSteps } from './stack-steps.ts';
import { titles } from './start-part.ts';
import { stateOf } from './state.ts';
import { runSteps, type Report, type SetupEvent, type Step } from './step.ts';
import { supervisionOf, type PartState, type Supervision } from './supervisor/supervision.ts';

export interface StackStatus {
  supervision: Supervision['kind'];
  /** Whether a part that dies now is started again. */
  supervised: boolean;
  parts: PartState[];
  temporalUiUrl: string;
}

/**
 * Brings the whole stack up, each step only where it is needed: engine, programs, keys, object store, Temporal, namespace, bucket,
 * base image, worker. Runs that were under way go on. Returns what runs; throws SetupError with the next step.
 */
export async function up(config: Config, report: Report = () => undefined): Promise<StackStatus> {
  const { home, logs, keys, objects, lock } = stateOf(config);
  for (const directory of [home, logs, keys, objects]) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const supervision = supervisionOf(config);
  await withLock(lock, (holder) => report(waitingForHolder(holder)), async () => {
    await runSteps(stackSteps(config, supervision), report);
  });
  return stackStatus(config);
}

/**
 * Stops worker, Temporal and object store, in this order, so that nothing is lost: `up` goes on where they were. Containers and the
 * engine run on, and so does a training; with `engine`, the dockerd that `up` started is stopped as well, and its containers are not.
 */
export async function down(config: Config, report: Report = () => undefined, { engine = false } = {}): Promise<StackStatus> {
  const { home, logs, lock } = stateOf(config);
  for (const directory of [home, logs]) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const supervision = supervisionOf(config);
  await withLock(lock, (holder) => report(waitingForHolder(holder)), async () => {
    const order = partNames.toReversed().filter((name) => engine || name !== 'engine');
    await runSteps(order.map((name) => stopStep(supervision, name)), report);
    await supervision.leave();
  });
  return stackStatus(config);
}

/** What runs, by the supervisor's word and the kernel's; asks no server. */
export async function stackStatus(config: Config): Promise<StackStatus> {
  const supervision = supervisionOf(config);
  return {
    supervision: supervision.kind,
    supervised: await supervision.isPresent(),
    parts: await supervision.observe(),
    temporalUiUrl: config.temporalUiUrl,
  };
}

function stopStep(supervision: Supervision, name: PartName): Step {
  return {
    name: `Stop: ${titles[name]}`,
    async check() {
      const state = (await supervision.observe()).find((part) => part.name === name);
      const wanted = (await supervision.wanted()).some((part) => part.name === name);
      if (!wanted && (state?.status ?? 'stopped') === 'stopped') return 'ok';
      return { problem: 'it is running', nextStep: `End process ${state?.pid ?? ''} by hand, then run \`reprise down\` again.` };
    },
    async apply(waitingFor) {
      waitingFor('it to end');
      await supervision.want((await supervision.wanted()).filter((part) => part.name !== name));
    },
  };
}

function waitingForHolder(holder: number): SetupEvent {
  const waitingFor = `process ${holder}, which sets up or stops the same stack`;
  return { type: 'waiting', step: 'Lock', waitingFor, elapsedMs: 0 };
}
