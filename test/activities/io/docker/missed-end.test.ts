import type { Container } from 'dockerode';
import { expect, it } from 'vitest';
import { noticeEnd } from '../../../../activities/io/docker/missed-end.ts';

const answered = (statusCode: number): Error => Object.assign(new Error(`HTTP code ${statusCode}`), { statusCode });
const broken = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
/** Above every number that the kernel gives. */
const gone = 2 ** 30;
let containers = 0;

interface Case {
  pid?: number;
  /** What the engine answers when it is asked for the processes. */
  top?: () => unknown;
  kill?: () => unknown;
  looks?: number;
}

/** Looks at a container of the engine's, and tells what the engine was asked. */
async function looked({ pid = gone, top = () => ({ Processes: [] }), kill = () => undefined, looks = 1 }: Case): Promise<{ asked: string[]; error: unknown }> {
  const asked: string[] = [];
  containers += 1;
  const container = {
    top: async () => (asked.push('top'), top()),
    kill: async ({ signal }: { signal: string }) => (asked.push(signal), kill()),
  } as unknown as Container;
  const id = `container-${containers}`;
  const look = async (left: number): Promise<void> => (left === 0 ? undefined : noticeEnd(container, { id, pid }).then(() => look(left - 1)));
  return { asked, error: await look(looks).catch((error: unknown) => error) };
}

const raise = (error: Error) => (): never => {
  throw error;
};

it.each<[string, Case, string[]]>([
  ['is left alone while its first process is there', { pid: process.pid }, []],
  ['is looked up where that is not to be seen, and left alone where it has processes', { top: () => ({ Processes: [['1', 'sh']] }) }, ['top']],
  ['is sent a signal that nobody heeds where it has none', {}, ['top', 'SIGURG']],
  ['is sent it as well where the engine knows of no process', { top: raise(answered(409)) }, ['top', 'SIGURG']],
  ['is sent it as well where the engine fails to ask', { top: raise(answered(500)) }, ['top', 'SIGURG']],
  ['is not judged by an engine that does not answer', { top: raise(broken) }, ['top']],
  ['is not asked for at every look', { looks: 3 }, ['top', 'SIGURG']],
  ['may end at the very moment', { kill: raise(answered(409)) }, ['top', 'SIGURG']],
  ['may be gone by then', { kill: raise(answered(404)) }, ['top', 'SIGURG']],
])('a container that the engine calls running %s', async (_, given, asked) => {
  expect(await looked(given)).toEqual({ asked, error: undefined });
});

it('tells of an engine that is gone when it is to look', async () => {
  expect(await looked({ kill: raise(broken) })).toMatchObject({ asked: ['top', 'SIGURG'], error: { type: 'ENGINE_UNREACHABLE' } });
});
