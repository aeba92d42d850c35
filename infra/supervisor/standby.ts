import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Config } from '../config.ts';
import { identify, isAlive, type ProcessIdentity } from '../processes.ts';
import { programFile } from '../programs.ts';
import { logFileOf } from '../state.ts';
import { readObserved } from './state.ts';

const standbyArgument = '--standby';

export function isStandby(args: readonly string[]): boolean {
  return args.includes(standbyArgument);
}

/** The process that takes over from a supervising process that is killed: the one that is there, or a new one. */
export function ensureStandby(config: Config, present: ProcessIdentity | undefined): ProcessIdentity | undefined {
  if (present && isAlive(present)) return present;
  if (performance.now() < nextMs) return undefined;
  nextMs = performance.now() + pauseMs;
  const log = openSync(logFileOf(config, 'supervisor'), 'a', 0o600);
  const child = spawn(process.execPath, [programFile('infra/supervisor/main'), standbyArgument], { detached: true, stdio: ['ignore', log, log], cwd: config.home, env: process.env });
  closeSync(log);
  child.on('error', () => undefined); // There is none, and the next look tries again.
  child.unref();
  return child.pid === undefined ? undefined : identify(child.pid);
}

let nextMs = 0;
/** One that ends at once, where a full disk keeps its name from being written, is not started four times a second. */
const pauseMs = 2_000;

/** Waits until the supervising process is gone without having left; false where it left, or named another to take over. */
export async function untilNeeded(config: Config, own: ProcessIdentity, everyMs: number, leaving: AbortSignal): Promise<boolean> {
  while (!leaving.aborted) {
    const { supervisor, standby } = readObserved(config);
    if (!supervisor || standby?.pid !== own.pid || standby.startedBy !== own.startedBy) return false;
    if (!isAlive(supervisor)) return true;
    await wait(everyMs, undefined, { signal: leaving }).catch(() => undefined);
  }
  return false;
}
