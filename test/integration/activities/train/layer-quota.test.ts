import { afterAll, beforeAll, expect, it } from 'vitest';
import { boundsLayers } from '../../../../activities/io/docker/layer-quota.ts';
import { ensureBaseImage } from '../../../../infra/base-image/step.ts';
import { readConfig } from '../../../../infra/config.ts';
import { busyboxImage, ensureBusybox } from '../../../fixtures/busybox.ts';
import { ensureProgram } from '../../../fixtures/debian-package.ts';
import { engineDependencies } from '../../../fixtures/engine.ts';
import { startOwnEngine, type OwnEngine } from '../../../fixtures/own-engine.ts';
import { trainingBench } from '../../../fixtures/training.ts';

const MiB = 1024 ** 2;

/** On Btrfs, whose driver takes the same option as overlay2 on XFS; kernels without quotas of XFS have it too. */
let engine: OwnEngine;
beforeAll(async () => {
  engine = await startOwnEngine({ mkfsBtrfs: await ensureProgram(['/sbin/mkfs.btrfs', '/usr/sbin/mkfs.btrfs'], 'btrfs-progs') });
  await ensureBaseImage({ ...readConfig(), dockerSocket: engine.socket });
  await ensureBusybox(engine.docker);
}, 10 * 60_000);
afterAll(() => engine.stop());

it('an engine whose storage driver has quotas holds a training to its disk, and it is told as that', { timeout: 300_000 }, async () => {
  const bench = trainingBench({}, { ...engineDependencies(), docker: engine.docker });
  expect(await boundsLayers(engine.docker, busyboxImage)).toBe(true);
  const context = bench.newContext('layer-quota');
  // Nobody looks at its disk meanwhile.
  const changes = { bounds: { diskBytes: 64 * MiB, diskLookMs: 600_000 } };
  const script = 'for i in $(seq 1 300); do head -c 1048576 /dev/urandom >> /filled || exit 7; done; echo filled all of it';
  await expect(bench.train(await bench.thatRuns(script), context, changes)).rejects.toMatchObject({ type: 'TRAIN_DISK_QUOTA', message: expect.stringContaining(`its track gives ${64 * MiB}`) });
  expect(await bench.storedLines(context.run)).not.toContain('filled all of it');
  const { SizeRw = 0 } = (await engine.docker.getContainer((await bench.inspected(context.run)).Id).inspect({ size: true } as object)) as { SizeRw?: number };
  expect(SizeRw).toBeLessThanOrEqual(64 * MiB * 1.1 + MiB);
  await bench.takeDown();
});
