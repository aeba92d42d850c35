import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from 'dockerode';
import { limits } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { stateOf, type ContainerState } from '../io/docker/containers.ts';
import type { StageContext } from '../stage.ts';
import type { ServerInput } from './plan.ts';

/**
 * Waits until the server answers anything at all on `GET /` (404 counts, and what is no HTTP: it is judged by its answers).
 * Resolves to its address. Failures: SERVE_EXITED, SERVE_NOT_READY `readyTimeoutMs` after the container's start.
 */
export async function untilReady(
  container: Container,
  way: { port: number },
  { port, readyTimeoutMs, log }: Pick<ServerInput, 'port' | 'readyTimeoutMs' | 'log'>,
  context: Pick<StageContext, 'signal' | 'report'>,
  ended: (state: ContainerState) => Promise<Error>,
): Promise<string> {
  for (;;) {
    context.signal.throwIfAborted();
    const state = await stateOf(container);
    if (state.status === 'exited') throw await ended(state);
    const deadlineMs = Date.parse(state.startedAt ?? '') + readyTimeoutMs;
    if (await answers(loopback, way.port, probeTimeout(deadlineMs), context.signal)) return `http://${loopback}:${way.port}`;
    if (Date.now() >= deadlineMs) throw notReady(port, readyTimeoutMs, log.lastLine());
    context.report({ message: `waiting for the server at port ${port}`, ...lastLogLine(log) });
    await sleep(limits.readyPauseMs, undefined, { signal: context.signal });
  }
}

/** Where the way to the server begins. */
const loopback = '127.0.0.1';

/** Whether something answers a request at all, within the time. */
export function answers(host: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = request({ host, port, path: '/', agent: false, signal }, (response) => {
      response.destroy();
      resolve(true);
    });
    // For the whole of it, and not between two bytes: headers that drip would hold it open for ever.
    const timer = setTimeout(() => asking.destroy(), timeoutMs);
    asking.on('close', () => clearTimeout(timer));
    // HPE_…: bytes came that are no HTTP.
    asking.on('error', (error: NodeJS.ErrnoException) => resolve(error.code?.startsWith('HPE_') === true));
    asking.end();
  });
}

function probeTimeout(deadlineMs: number): number {
  return Math.max(Math.min(limits.readyProbeMs, deadlineMs - Date.now()), limits.readyPauseMs);
}

function notReady(port: number, readyTimeoutMs: number, lastLine: string | undefined): Error {
  const said = lastLine === undefined ? '' : `; last line of its log: ${lastLine}`;
  return failure('SERVE_NOT_READY', `nothing answered at port ${port} within ${readyTimeoutMs / 1_000} s of the container's start${said}`);
}

function lastLogLine({ lastLine }: ServerInput['log']): { lastLogLine?: string } {
  const line = lastLine();
  return line === undefined ? {} : { lastLogLine: line };
}
