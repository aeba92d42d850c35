import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import type { Config } from '../config.ts';
import { readEnvironmentFile } from '../local-store.ts';
import { secretVariables, type Part, type PartName } from '../parts.ts';
import { endProcess, identify, isAlive } from '../processes.ts';
import { logFileOf } from '../state.ts';
import { decide, type Condition } from './decide.ts';
import type { PartRecord, Wanted } from './state.ts';

export interface HeldPart {
  condition: Condition;
  record: PartRecord;
}
export type Held = Map<PartName, HeldPart>;

export function wantedNames(held: Held, { parts }: Wanted): Set<PartName> {
  return new Set([...held.keys(), ...parts.map(({ name }) => name)]);
}

export function recordOf({ condition, record }: HeldPart): PartRecord {
  return { ...record, phase: condition.phase };
}

/** Looks at one part and does what there is to do; a start, an end or a signal is never waited for. */
export function attend(config: Config, held: Held, name: PartName, wanted: Wanted, nowMs = Date.now()): void {
  const part = wanted.parts.find((each) => each.name === name);
  const current: HeldPart = held.get(name) ?? {
    condition: { phase: 'stopped', sinceMs: nowMs, endedEarly: 0 },
    record: { name, phase: 'stopped', restarts: 0 },
  };
  const { process: running, startedAs } = current.record;
  const wish = part === undefined ? 'no' : startedAs === undefined || startedAs === digestOf(part) ? 'yes' : 'changed';
  const { action, condition } = decide(current.condition, wish, running !== undefined && isAlive(running), nowMs);
  held.set(name, { condition, record: current.record });
  if (action === 'start' && part) start(config, held, part, current.condition.phase === 'stopped');
  if (action === 'ended') noteEnd(held, name);
  if (running && (action === 'terminate' || action === 'kill')) endProcess(running, action === 'kill' ? 'SIGKILL' : 'SIGTERM');
}

/** Starts a part that outlives us: in a session of its own, with its log as a file, for a pipe would break with us. */
function start(config: Config, held: Held, part: Part, isAsked: boolean): void {
  const log = openSync(logFileOf(config, part.name), 'a', 0o600);
  const child = spawn(part.command, part.args, {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: config.home,
    env: environmentOf(part),
  });
  closeSync(log);
  child.unref();
  const note = (code: number | null, signal: string | null): void =>
    change(held, part.name, (record) =>
      record.process?.pid === child.pid || child.pid === undefined
        ? { ...record, lastExit: { at: new Date().toISOString(), code, signal } }
        : record,
    );
  child.on('exit', note);
  child.on('error', () => note(127, null));
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  change(held, part.name, ({ process: _ended, ...record }) => ({
    ...record,
    // What is told is how often it came back by itself since somebody asked for it.
    restarts: isAsked ? 0 : record.restarts,
    ...(identity && { process: identity }),
    startedAt: new Date().toISOString(),
    startedAs: digestOf(part),
  }));
}

function noteEnd(held: Held, name: PartName): void {
  change(held, name, (record) => ({
    ...record,
    restarts: record.restarts + 1,
    lastExit: record.lastExit && Date.parse(record.lastExit.at) >= Date.parse(record.startedAt ?? '')
      ? record.lastExit
      : { at: new Date().toISOString(), code: null, signal: null },
  }));
}

function change(held: Held, name: PartName, by: (record: PartRecord) => PartRecord): void {
  const current = held.get(name);
  if (current) held.set(name, { ...current, record: by(current.record) });
}

function environmentOf(part: Part): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('REPRISE_'));
  const secrets = part.givesSecrets ? secretVariables() : {};
  const file = part.environmentFile === undefined ? {} : readEnvironmentFile(part.environmentFile);
  return { ...Object.fromEntries(own), ...part.environment, ...secrets, ...file };
}

export function digestOf(part: Part): string {
  return createHash('sha256').update(JSON.stringify(part)).digest('hex').slice(0, 16);
}
