import type Docker from 'dockerode';
import { expect, it } from 'vitest';
import { confineSteps } from '../../../activities/build/confine-step.ts';

const unavailable = Object.assign(new Error('connection error: transport: dial containerd.sock'), { statusCode: 500 });
const gone = Object.assign(new Error('no such container'), { statusCode: 404 });
/** Above every number that the kernel gives. */
const noProcess = 2 ** 30;

interface Step {
  /** What the engine answers to one look after the other; the last one again and again. */
  looks: (Error | { status: 'created' | 'running' | 'exited'; pid?: number; bytes?: number })[];
}

/** An engine with one step, and what it was told to do with it. */
function engineWith({ looks }: Step, name: string): { docker: Docker; told: string[] } {
  const told: string[] = [];
  const answer = (): Exclude<Step['looks'][number], Error> => {
    const look = looks.length > 1 ? looks.shift() : looks[0];
    if (look instanceof Error || !look) throw look ?? gone;
    return look;
  };
  const container = {
    update: async ({ PidsLimit }: { PidsLimit: number }) => (answer(), told.push(`at most ${PidsLimit} processes`)),
    inspect: async () => {
      const { status, pid = process.pid, bytes = 0 } = answer();
      return { Id: name, State: { Status: status, Running: status === 'running', Pid: pid }, SizeRw: bytes };
    },
    stats: async () => ({ pids_stats: { current: 1 } }),
    top: async () => ({ Processes: [] }),
    kill: async (options?: { signal?: string }) => told.push(options?.signal ?? 'SIGKILL'),
  };
  return { docker: { getContainer: () => container } as unknown as Docker, told };
}

const running = { status: 'running' } as const;

it.each<[string, Step, string[]]>([
  ['is killed for what it writes', { looks: [running, running, { ...running, bytes: 101 }] }, ['at most 7 processes', 'SIGKILL']],
  ['is held to its limits by an engine that was away for a moment', { looks: [unavailable, unavailable, running, unavailable, running, running, { ...running, bytes: 101 }] }, ['at most 7 processes', 'at most 7 processes', 'SIGKILL']],
  ['is noticed where it ended while the engine did not look', { looks: [running, running, unavailable, running, { ...running, pid: noProcess }] }, ['at most 7 processes', 'at most 7 processes', 'SIGURG']],
  ['is left alone once it is gone', { looks: [unavailable, gone, running] }, []],
])('a step %s', async (name, step, expected) => {
  const { docker, told } = engineWith(step, name);
  const confinement = confineSteps(docker, { rootBytes: 100, pids: 7, pollMs: 1 });
  confinement.take('step');
  await expect.poll(() => told).toEqual(expected);
  confinement.end();
});
