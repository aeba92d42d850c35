import { PassThrough } from 'node:stream';
import type { Container } from 'dockerode';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { outputOf } from '../../../../activities/io/docker/execute.ts';
import { limits } from '../../../../domain/index.ts';

/** An engine's container whose program has printed `printed`, and what the engine says of it afterwards. No real engine loses one at will. */
function containerOf(printed: string, inspect: () => Promise<{ Running: boolean; ExitCode: number | null }>): { container: Container; stream: PassThrough } {
  const stream = new PassThrough();
  const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, printed.length]);
  stream.write(Buffer.concat([header, Buffer.from(printed)]));
  const exec = async () => ({ start: async () => stream, inspect });
  return { container: { exec } as unknown as Container, stream };
}

const running = { Running: true, ExitCode: null };
const ended = { Running: false, ExitCode: 0 };
const gone = async () => Promise.reject(Object.assign(new Error('no such exec instance'), { statusCode: 404 }));
const twoLooks = 2 * limits.execLookMs + 100;

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it.each([
  ['forgets it', gone],
  ['says that it is over', async () => ({ Running: false, ExitCode: 137 })],
])('gives up a program whose output stays open where the engine %s', async (_, inspect) => {
  const { container } = containerOf('begin', inspect);
  const output = outputOf(container, ['find'], 100);
  await vi.advanceTimersByTimeAsync(twoLooks);
  expect(await output).toBeUndefined();
});

it('waits for a program that runs and prints nothing', async () => {
  let state: typeof running | typeof ended = running;
  const { container, stream } = containerOf('all', async () => state);
  const output = outputOf(container, ['find'], 100);
  await vi.advanceTimersByTimeAsync(10 * twoLooks);
  state = ended;
  stream.end();
  expect(await output).toBe('all');
});
