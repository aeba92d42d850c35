import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { execa } from 'execa';
import type { Run } from '../../domain/index.ts';
import { writeSubmission, type World } from './world.ts';

/** One submission on its way, as far as its submitter knows. */
export interface Submitted {
  name: string;
  run: string;
  workflowId: string;
  /** As the workflow told it at its end; undefined while it runs. */
  result?: Run | undefined;
  /** What ended the workflow without a result. */
  error?: string;
  historyEvents: number;
  /** When its training, or the process beside it, was killed; Unix time in ms. */
  trainingKills: number[];
  /** The platform was made to give it up: it must say so, and is then retried. */
  givenUp?: boolean;
  /** What it came to when it was given up; from then on `run` is its retry. */
  retryOf?: Run;
  /** Whether it trains, or has nothing to do but wait until another run has trained. */
  training?: 'under way' | 'waited for' | undefined;
  /** Newest progress that its stages reported, as it stands in Temporal. */
  reported: string;
}

export function isOpen({ result, error }: Pick<Submitted, 'result' | 'error'>): boolean {
  return result === undefined && error === undefined;
}

/** The command line of this checkout. */
export const command = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');

/** Runs the command as a person would; while the platform is away, as a person who tries again. */
export async function reprise(world: World, args: string[]): Promise<string> {
  for (;;) {
    const { exitCode, stdout, stderr } = await execa(process.execPath, [command, ...args], { env: world.environment, reject: false, timeout: 60_000 });
    if (exitCode === 0) return stdout;
    // 3: a platform fault; 4: no server answers. Undefined: it hung and was given up.
    if (exitCode !== undefined && exitCode !== 3 && exitCode !== 4) throw new Error(`reprise ${args.join(' ')} ended with exit code ${exitCode}: ${stderr}`);
    world.say(`reprise ${args[0]}: ${stderr.trim().split('\n').at(-1) ?? ''}; trying again`);
    await sleep(2_000);
  }
}

export async function submit(world: World, suite: string, name: string): Promise<Submitted> {
  const directory = writeSubmission(world, name);
  const { runs } = JSON.parse(await reprise(world, ['start', directory, '--suite', suite, '--json'])) as { runs: { run: string; workflowId: string }[] };
  const [started] = runs;
  if (!started) throw new Error(`${name} was not started`);
  world.say(`${name} started as ${started.run}`);
  return { name, ...started, historyEvents: 0, trainingKills: [], reported: '' };
}

/** When a stage of a run last beat, and when an attempt at one last began. */
export interface Signs {
  beatMs: number;
  startMs: number;
}

function newest(times: ({ seconds?: unknown; nanos?: number | null } | null | undefined)[]): number {
  return Math.max(0, ...times.map((time) => Number(time?.seconds ?? 0) * 1_000 + (time?.nanos ?? 0) / 1e6));
}

/** Asks the server about what has not ended; without an answer nothing changes. Resolves to the newest sign of life of each. */
export async function ask(world: World, submitted: Submitted[]): Promise<Map<string, Signs>> {
  const beats = new Map<string, Signs>();
  const open = submitted.filter(isOpen);
  if (open.length === 0) return beats;
  // Without interceptors nothing is asked again behind our back, when the connection is closed already.
  const connection = await Connection.connect({ address: world.config.temporalAddress, connectTimeout: '2s', interceptors: [] }).catch(() => undefined);
  if (!connection) return beats;
  try {
    const client = new Client({ connection, namespace: world.config.namespace });
    const deadline = Date.now() + 3_000;
    await client.withDeadline(deadline, () => Promise.all(open.map((each) => askOne(world, client, each, beats)))).catch(() => undefined);
  } finally {
    await connection.close();
  }
  return beats;
}

/** temporal.api.enums.v1.PendingActivityState. */
const started = 2;

function trainingOf(pending: { name: string | null | undefined; isStarted: boolean }[]): Submitted['training'] {
  if (pending.some(({ name, isStarted }) => name === 'train' && isStarted)) return 'under way';
  return pending.length > 0 && pending.every(({ name, isStarted }) => name === 'train' && !isStarted) ? 'waited for' : undefined;
}

async function askOne(world: World, client: Client, submitted: Submitted, beats: Map<string, Signs>): Promise<void> {
  const handle = client.workflow.getHandle(submitted.workflowId);
  const { status, historyLength, raw } = await handle.describe();
  submitted.historyEvents = historyLength;
  const pending = raw.pendingActivities ?? [];
  beats.set(submitted.run, { beatMs: newest(pending.map((each) => each.lastHeartbeatTime)), startMs: newest(pending.map((each) => each.lastStartedTime)) });
  submitted.training = trainingOf(pending.map(({ activityType, state }) => ({ name: activityType?.name, isStarted: state === started })));
  submitted.reported = pending.map(({ heartbeatDetails }) => Buffer.from(heartbeatDetails?.payloads?.[0]?.data ?? []).toString('base64')).join();
  if (status.name === 'RUNNING') return;
  const result = status.name === 'COMPLETED' ? ((await handle.result()) as Run) : undefined;
  // Between its two runs.
  if (submitted.givenUp === true && submitted.retryOf === undefined && result?.status === 'failed') submitted.retryOf = result;
  else if (submitted.retryOf !== undefined && result?.run === submitted.retryOf.run) return;
  else if (result) submitted.result = result;
  else submitted.error = status.name;
  world.say(`${submitted.name} ended: ${result?.status ?? status.name}, ${historyLength} events`);
}
