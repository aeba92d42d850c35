import { setTimeout as wait } from 'node:timers/promises';
import { limits } from '../domain/index.ts';
import type { Config } from './config.ts';
import { portsOf, type Part, type PartName } from './parts.ts';
import { checkPort } from './ports.ts';
import { SetupError, type Problem, type Step } from './step.ts';
import type { Supervision } from './supervisor/supervision.ts';

/** Whether a part serves: `ok`, or what it says instead. `sinceMs` is when it was started, where its predecessor may still be seen. */
export type Probe = (sinceMs?: number) => Promise<'ok' | Problem>;

/**
 * Has a part supervised and waits until it serves. Before it starts, its ports must be free or its own; a part that dies at once is
 * taken out again, and the end of its log is the problem.
 */
export function startPartStep(config: Config, supervision: Supervision, name: PartName, part: () => Promise<Part>, probe: Probe): Step {
  // Somebody may edit a source file while the part starts: it is compared with what was started.
  let started: Part | undefined;
  return {
    name: titles[name],
    async check() {
      const problem = await problemOf(supervision, started ?? (await part()));
      return problem === undefined ? probe() : { problem, nextStep: 'Run `reprise up`.' };
    },
    async apply(waitingFor) {
      await checkPorts(config, supervision, name);
      const wanted = await supervision.wanted();
      const before = await restartsOf(supervision, name);
      const startedMs = Date.now();
      waitingFor('its start');
      started = await part();
      await supervision.want([...wanted.filter((each) => each.name !== name), started]);
      waitingFor('it to serve');
      await waitUntilServing(supervision, name, before, () => probe(startedMs));
    },
  };
}

export const titles: Record<PartName, string> = {
  engine: 'Docker engine (dockerd)',
  s3: 'Object store',
  temporal: 'Temporal server',
  worker: 'Worker',
};

/** Why a part is to be started, or started anew; undefined where it runs as it should and somebody looks after it. */
async function problemOf(supervision: Supervision, part: Part): Promise<string | undefined> {
  const wanted = (await supervision.wanted()).find(({ name }) => name === part.name);
  const state = (await supervision.observe()).find(({ name }) => name === part.name);
  if (state?.status !== 'running') return 'it is not running';
  if (!(await supervision.isPresent())) return 'nobody would start it again';
  return JSON.stringify(wanted) === JSON.stringify(part) ? undefined : 'it runs with other settings or older sources';
}

async function checkPorts(config: Config, supervision: Supervision, name: PartName): Promise<void> {
  const pid = (await supervision.observe()).find((each) => each.name === name)?.pid;
  for (const port of portsOf(config, name)) {
    const found = await checkPort(port, pid === undefined ? [] : [pid]);
    if (found !== 'ok') throw new SetupError(found.problem, found.nextStep);
  }
}

async function restartsOf(supervision: Supervision, name: PartName): Promise<number> {
  return (await supervision.observe()).find((each) => each.name === name)?.restarts ?? 0;
}

const askEveryMs = 200;
/** One end may be an accident of the start, such as a port that the kernel has not freed; two are not. */
const endsAllowed = 1;

async function waitUntilServing(supervision: Supervision, name: PartName, before: number, probe: Probe): Promise<void> {
  const endMs = performance.now() + limits.partReadyMs;
  // The count begins anew with a part that was asked for.
  let lowest = before;
  for (;;) {
    const answer = await probe();
    if (answer === 'ok') return;
    const state = (await supervision.observe()).find((each) => each.name === name);
    lowest = Math.min(lowest, state?.restarts ?? 0);
    const died = (state?.restarts ?? 0) - lowest > endsAllowed;
    if (died || performance.now() > endMs) {
      await supervision.want((await supervision.wanted()).filter((part) => part.name !== name));
      const what = died ? `it ended at once (${state?.lastExit ?? 'unknown exit'})` : `it does not serve: ${answer.problem}`;
      const tail = await supervision.logTail(name, 20);
      throw new SetupError(`${what}${tail === '' ? '' : `\n${tail}`}`, `Read the log above${died ? '' : `, and then: ${answer.nextStep}`}; run \`reprise up\` again.`);
    }
    await wait(askEveryMs);
  }
}
