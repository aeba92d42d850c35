import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { expect, it } from 'vitest';
import { parseGpus } from '../../activities/intake/gpus.ts';
import { chosenGpus } from '../../worker/chosen-gpus.ts';
import { serveDevices } from '../../worker/devices.ts';
import { optionsOf, workerHelp } from '../../worker/options.ts';
import { OptionError } from '../../worker/start-problem.ts';

function machine(uuids: string[]) {
  const state = { problems: new Map<string, string>(), busy: new Set<string>(), polling: new Set<string>(), most: 0 };
  const service = {
    everyMs: 5,
    discover: async () => uuids,
    problemOf: async (uuid: string) => state.problems.get(uuid),
    async create(uuid: string) {
      const stopped = Promise.withResolvers<void>();
      return {
        run() {
          if (state.polling.has(uuid)) throw new Error('two workers of one device');
          state.polling.add(uuid);
          return stopped.promise.then(() => void state.polling.delete(uuid));
        },
        shutdown: () => stopped.resolve(),
        busy: () => state.busy.has(uuid),
      };
    },
  };
  return { state, service };
}

const logger = pino({ level: 'silent' });

it('serves each device that is in order with one worker, and takes a wedged one out when it is idle', async () => {
  const { state, service } = machine(['GPU-1', 'GPU-2']);
  const leaving = new AbortController();
  state.problems.set('GPU-2', 'requires reset');
  void serveDevices(service, logger, leaving.signal);
  await expect.poll(() => [...state.polling]).toEqual(['GPU-1']);
  state.problems.delete('GPU-2');
  await expect.poll(() => [...state.polling]).toEqual(['GPU-1', 'GPU-2']);
  state.busy.add('GPU-1');
  state.problems.set('GPU-1', 'off the bus');
  await sleep(50);
  expect(state.polling.has('GPU-1')).toBe(true);
  state.busy.delete('GPU-1');
  await expect.poll(() => [...state.polling]).toEqual(['GPU-2']);
  state.problems.clear();
  await expect.poll(() => state.polling.size).toBe(2);
  leaving.abort();
});

it('takes host and devices from its command line', () => {
  expect(optionsOf(['--host', 'gpu-7', '--gpu', 'GPU-1,GPU-2', '--gpu', 'GPU-3'], { A: 'b' })).toEqual({
    help: false,
    environment: { A: 'b', REPRISE_HOST: 'gpu-7' },
    gpus: ['GPU-1', 'GPU-2', 'GPU-3'],
  });
  expect(optionsOf([], { REPRISE_HOST: 'x' })).toEqual({ help: false, environment: { REPRISE_HOST: 'x' }, gpus: undefined });
});

it('knows devices by index and by UUID, and refuses to serve one that is not there', () => {
  // Without the device 1, which is lost.
  const found = parseGpus('0, GPU-0a, NVIDIA A100, 40960\n2, GPU-2c, NVIDIA A100, 40960\n');
  expect(chosenGpus(['2'], found)).toEqual(['GPU-2c']);
  expect(chosenGpus(['gpu-2C', '0', '2'], found)).toEqual(['GPU-2c', 'GPU-0a']);
  expect(() => chosenGpus(['0', '1', 'GPU-7'], found)).toThrow('no GPU 1, GPU-7: it has 0 (GPU-0a, NVIDIA A100), 2 (GPU-2c, NVIDIA A100)');
  expect(() => chosenGpus(['0'], [])).toThrow('this machine has no GPU 0: nvidia-smi names none');
});

it.each([[['--gpu', '']], [['--gpu', '0,,1']], [['--gpu', '0', '--gpu', '']], [['--host', ' ']]])('refuses the empty name in %j', (args) => {
  expect(() => optionsOf(args, {})).toThrow(OptionError);
});

it('says what it takes, and refuses what it does not know', () => {
  expect(optionsOf(['--help'], {}).help).toBe(true);
  for (const option of ['--host', '--gpu']) expect(workerHelp).toContain(option);
  expect(() => optionsOf(['--gpus', '0'], {})).toThrow('--gpus');
});
