import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { discoverGpus, type Gpu } from '../../activities/intake/gpus.ts';
import { deviceHealth } from '../../activities/io/gpu-devices.ts';
import { readConfig } from '../../infra/config.ts';
import { graphicsCheck } from '../../infra/graphics.ts';
import { ensureBusybox } from '../fixtures/busybox.ts';
import { trainingBench } from '../fixtures/training.ts';

const gpus = await discoverGpus();

describe.skipIf(gpus.length === 0)('a machine with a GPU', () => {
  it('tells its devices, each in order, with figures that make sense', async () => {
    for (const { uuid, memoryBytes } of gpus) {
      const health = await deviceHealth(uuid);
      expect(health).toMatchObject({ healthy: true });
      if (!health?.healthy) continue;
      expect(health.sample.share).toBeGreaterThanOrEqual(0);
      expect(health.sample.share).toBeLessThanOrEqual(1);
      expect(health.sample.memoryBytes).toBeLessThanOrEqual(memoryBytes);
    }
    const checks = await graphicsCheck(readConfig());
    expect(checks.filter(({ name }) => name.startsWith('GPU GPU-'))).toHaveLength(gpus.length);
    expect(checks.every(({ status }) => status !== 'failed')).toBe(true);
  });

  it('knows a device that it does not have', async () => {
    expect(await deviceHealth('GPU-00000000-0000-0000-0000-000000000000')).toMatchObject({ healthy: false });
  });
});

describe.skipIf(gpus.length === 0 || !(await hasEngine()))('a training on a GPU', () => {
  const bench = trainingBench({});
  const { dependencies, docker, newContext, storedLines, thatRuns } = bench;
  beforeAll(() => ensureBusybox(docker));
  afterAll(() => bench.takeDown());

  it('has the device of its worker and no other', async () => {
    const [gpu] = gpus as [Gpu];
    dependencies.settings.gpuDevices = [gpu.uuid];
    const input = await thatRuns('ls /dev; nvidia-smi -L; echo model > /output/model', { track: 'a100', trainingNetwork: 'none' });
    const context = newContext('gpu');
    await bench.train(input, context);
    const lines = await storedLines(context.run);
    expect(lines.filter((line) => line.includes('UUID: GPU-'))).toEqual([expect.stringContaining(gpu.uuid)]);
  });
});

async function hasEngine(): Promise<boolean> {
  return trainingBench().docker.ping().then(
    () => true,
    () => false,
  );
}
