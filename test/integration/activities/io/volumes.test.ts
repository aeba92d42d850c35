import Docker from 'dockerode';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillerName, labelNames, labelsOf, volumeName, type Owner } from '../../../../activities/io/docker/names.ts';
import { ensureVolume, fillVolume, removeVolume } from '../../../../activities/io/docker/volumes.ts';
import { busyboxImage, ensureBusybox } from '../../../fixtures/busybox.ts';

const docker = new Docker();
const owner: Owner = { run: `volumes-${process.pid}`, stage: 'train', workflowId: 'volumes' };
const name = volumeName(owner.run, 'output');

const labels = async (): Promise<unknown> => (await docker.getVolume(name).inspect()).Labels;
const withFile = async (): Promise<void> => {
  const tar = pack();
  tar.entry({ name: 'kept' }, 'x');
  tar.finalize();
  await fillVolume(docker, owner, name, busyboxImage, tar as never);
};

describe('a volume of a run', { timeout: 60_000 }, () => {
  beforeAll(() => ensureBusybox(docker));
  afterAll(() => removeVolume(docker, name));

  it('is made again where a killed engine left it without labels and empty', async () => {
    await docker.createVolume({ Name: name });
    expect(await ensureVolume(docker, owner, 'output', busyboxImage)).toBe(name);
    expect(await labels()).toMatchObject({ [labelNames.run]: owner.run });
  });

  it('is taken as it is where it is the run’s own, whatever it holds', async () => {
    await withFile();
    expect(await ensureVolume(docker, owner, 'output', busyboxImage)).toBe(name);
    await removeVolume(docker, name);
  });

  it.each([
    ['has no labels, but files', {}, withFile],
    ['is another run’s, though empty', labelsOf({ ...owner, run: 'another' }), async () => undefined],
  ])('is never taken nor removed where it %s', async (_, Labels, prepare) => {
    await docker.createVolume({ Name: name, Labels });
    await prepare();
    const before = await docker.getVolume(name).inspect();
    await expect(ensureVolume(docker, owner, 'output', busyboxImage)).rejects.toMatchObject({ type: 'PLATFORM_ERROR' });
    expect(await docker.getVolume(name).inspect()).toEqual(before);
    await expect(docker.getContainer(fillerName(owner)).inspect()).rejects.toMatchObject({ statusCode: 404 });
    await removeVolume(docker, name);
  });
});
