import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from 'dockerode';
import { limits, type FailureCode } from '../../../domain/index.ts';
import { isConflict, isNotFound, onEngine } from './errors.ts';
import { noticeEnd } from './missed-end.ts';

/** What a container takes although it is not given to it. */
export interface Excess {
  code: Extract<FailureCode, 'DISK_LIMIT' | 'PROCESS_LIMIT'>;
  /** As the predicate of a sentence: "wrote more than …". */
  reason: string;
}

export interface ExcessBounds {
  /** Written into the container's root; volumes are not part of it. */
  rootBytes: number;
  /** Undefined where the engine sets no such limit. */
  pids?: number;
}

/**
 * Looks at a running container until it has ended or `signal` is aborted: what no storage driver with quotas holds back is found
 * here, within `limits.excessPollMs` of writing. Resolves to the first excess, undefined where there was none.
 */
export async function untilExcess(container: Container, bounds: ExcessBounds, signal: AbortSignal, pollMs: number = limits.excessPollMs): Promise<Excess | undefined> {
  while (!signal.aborted) {
    const excess = await excessOf(container, bounds).catch(unlessEnded);
    if (excess === 'ended') return undefined;
    if (excess) return excess;
    await sleep(pollMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
  return undefined;
}

/** One look, which also sees that the engine notices where the container has ended behind its back. A limit of processes that is full at the moment is an excess: no work needs its last one. */
async function excessOf(container: Container, { rootBytes, pids }: ExcessBounds): Promise<Excess | 'ended' | undefined> {
  const { Id, State, SizeRw = 0 } = await sized(container);
  if (SizeRw > rootBytes) return { code: 'DISK_LIMIT', reason: `wrote ${SizeRw} bytes into its root, more than the ${rootBytes} of the limit` };
  if (State.Status === 'exited' || State.Status === 'dead') return 'ended';
  if (State.Running) await noticeEnd(container, { id: Id, pid: State.Pid });
  if (pids === undefined || State.Status !== 'running') return undefined;
  if ((await processesOf(container)) < pids) return undefined;
  return { code: 'PROCESS_LIMIT', reason: `ran as many processes and threads as it may, ${pids}` };
}

/** The types know neither the query nor its answer. */
async function sized(container: Container): Promise<Sized> {
  const inspect = container.inspect.bind(container) as (query: { size: boolean }) => Promise<object>;
  return (await inspect({ size: true })) as Sized;
}

interface Sized {
  Id: string;
  State: { Status: string; Running: boolean; Pid: number };
  SizeRw?: number;
}

async function processesOf(container: Container): Promise<number> {
  const query = { stream: false, 'one-shot': true } as { stream: false };
  const { pids_stats: processes } = (await container.stats(query)) as { pids_stats?: { current?: number } };
  return processes?.current ?? 0;
}

/** Whether a running container has as many processes and threads as it is given. Failures: ENGINE_UNREACHABLE. */
export async function processesAreFull(container: Container): Promise<boolean> {
  const { HostConfig, State } = await onEngine('looking at what the container takes', () => container.inspect());
  const most = HostConfig.PidsLimit ?? 0;
  return most > 0 && State.Running && (await onEngine('counting its processes', () => processesOf(container))) >= most;
}

/** Whatever is wrong with the engine is told by those who wait for the container itself. */
async function unlessEnded(error: unknown): Promise<'ended'> {
  if (isNotFound(error) || isConflict(error)) return 'ended';
  return onEngine('looking at what the container takes', () => Promise.reject(error));
}
