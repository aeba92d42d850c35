import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { limits } from '../../domain/index.ts';
import type { Config } from '../config.ts';
import { environmentRevision, type Part, type PartName } from '../parts.ts';
import { endProcess, isAlive, waitForEnd } from '../processes.ts';
import { programFile } from '../programs.ts';
import { logFileOf } from '../state.ts';
import { SetupError } from '../step.ts';
import { digestOf } from './attend.ts';
import { readObserved, readWanted, writeWanted, type PartRecord } from './state.ts';
import type { PartState, Supervision } from './supervision.ts';

/** The supervising process of ours (supervisor/main.ts), told by a file what to run and telling by another what runs. */
export function processSupervision(config: Config): Supervision {
  return {
    kind: 'process',
    observe: async () => readObserved(config).parts.map(stateOfRecord),
    async isPresent() {
      const { supervisor, environment } = readObserved(config);
      return supervisor !== undefined && isAlive(supervisor) && environment === environmentRevision(config);
    },
    async want(parts) {
      writeWanted(config, { parts });
      await ensureSupervisor(config);
      await untilAsWanted(config, parts);
    },
    wanted: async () => readWanted(config).parts,
    async leave() {
      const { supervisor } = readObserved(config);
      if (!supervisor) return;
      endProcess(supervisor, 'SIGTERM');
      await waitForEnd(supervisor, leaveMs);
    },
    logTail: (part, lines) => tailOf(config, part, lines),
  };
}

const lookEveryMs = 100;
const leaveMs = 5_000;

/** Starts the supervising process unless one runs that hands out the same variables. */
async function ensureSupervisor(config: Config): Promise<void> {
  const environment = environmentRevision(config);
  const { supervisor: running, environment: given } = readObserved(config);
  if (running && isAlive(running)) {
    if (given === environment) return;
    endProcess(running, 'SIGTERM');
    await waitForEnd(running, leaveMs);
  }
  const log = openSync(logFileOf(config, 'supervisor'), 'a', 0o600);
  const child = spawn(process.execPath, [programFile('infra/supervisor/main')], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: config.home,
    env: { ...process.env, REPRISE_HOME: config.home, REPRISE_CACHE: config.cache, REPRISE_SUPERVISOR_ENVIRONMENT: environment },
  });
  closeSync(log);
  child.unref();
  await until(config, () => readObserved(config).supervisor?.pid === child.pid, leaveMs * 2, 'the supervising process does not start');
}

async function untilAsWanted(config: Config, parts: Part[]): Promise<void> {
  const reached = (): boolean => {
    const { parts: records } = readObserved(config);
    const others = records.filter(({ name }) => !parts.some((part) => part.name === name));
    const started = (part: Part): boolean =>
      records.some(({ name, phase, startedAs }) => name === part.name && phase !== 'stopping' && startedAs === digestOf(part));
    return parts.every(started) && others.every(({ phase }) => phase === 'stopped');
  };
  await until(config, reached, limits.partStopGraceMs * 2, 'the supervising process does not do what is wanted');
}

async function until(config: Config, reached: () => boolean, timeoutMs: number, problem: string): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!reached()) {
    if (performance.now() > endMs) throw new SetupError(problem, `Read ${logFileOf(config, 'supervisor')}.`);
    await wait(lookEveryMs);
  }
}

function stateOfRecord({ name, phase, process, startedAt, restarts, lastExit }: PartRecord): PartState {
  const runs = process !== undefined && isAlive(process);
  const status = phase === 'stopped' && !runs ? 'stopped' : runs ? 'running' : 'restarting';
  return {
    name,
    status,
    restarts,
    ...(runs && { pid: process.pid }),
    ...(runs && startedAt !== undefined && { startedAt }),
    ...(lastExit && { lastExit: `${lastExit.at}${exitText(lastExit)}` }),
  };
}

function exitText({ code, signal }: { code: number | null; signal: string | null }): string {
  return signal ? ` by ${signal}` : code === null ? '' : ` with exit code ${code}`;
}

async function tailOf(config: Config, part: PartName, lines: number): Promise<string> {
  const text = await readFile(logFileOf(config, part), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}
