import type { Container, HostConfig } from 'dockerode';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createCleanUpActivities } from '../../../activities/cleanup.ts';
import { relayName, volumeName, type Owner } from '../../../activities/io/docker/names.ts';
import { openOutwardNetwork } from '../../../activities/record/network.ts';
import { busyboxImage, ensureBusybox } from '../../fixtures/busybox.ts';
import { engineDependencies, runName } from '../../fixtures/engine.ts';

const dependencies = engineDependencies();
const { docker, settings } = dependencies;
const { cleanUp } = createCleanUpActivities(dependencies);
const made: Container[] = [];

beforeAll(() => ensureBusybox(docker));
afterEach(async () => {
  for (const container of made.splice(0)) await container.remove({ force: true }).catch(() => undefined);
});

/** A container as the builder makes one for a step: with no name, no label and no log. */
async function running(mode: string, options: Partial<HostConfig> = { LogConfig: { Type: 'none', Config: {} } }): Promise<Container> {
  const container = await docker.createContainer({ Image: busyboxImage, Cmd: ['sleep', '300'], HostConfig: { NetworkMode: mode, ...options } });
  made.push(container);
  await container.start();
  return container;
}

const isThere = (container: Container): Promise<boolean> => container.inspect().then(() => true, () => false);

describe('what an engine that was killed left of a build', { timeout: 60_000 }, () => {
  const ways: [string, (owner: Owner) => Promise<unknown>][] = [
    ['the run’s clean-up', ({ run }) => cleanUp({ run })],
    ['the next attempt at the build', (owner) => openOutwardNetwork(docker, owner, settings)],
    ['the end of the build', async () => undefined],
  ];

  it.each(ways)('goes with %s, also where its relay has ended; what others joined to the network stays', async (way, end) => {
    const owner = { run: runName('steps'), stage: 'build', workflowId: 'test' } as const;
    const opened = await openOutwardNetwork(docker, owner, settings);
    const relay = docker.getContainer(relayName(owner));
    made.push(relay);
    const step = await running(opened.mode);
    const onlooker = await running(opened.mode, {});
    const elsewhere = await running('none');
    if (way === 'the end of the build') await opened.close();
    else await relay.kill();
    await end(owner);
    expect(await Promise.all([step, onlooker, elsewhere].map(isThere))).toEqual([false, true, true]);
    await cleanUp({ run: owner.run });
    expect(await isThere(relay)).toBe(false);
  });
});

it('a volume that a killed engine made only half goes with its run, and one of another run stays', { timeout: 60_000 }, async () => {
  const run = runName('half');
  const [half, foreign] = [volumeName(run, 'output'), volumeName(run, 'checkpoints')];
  await docker.createVolume({ Name: half });
  await docker.createVolume({ Name: foreign, Labels: { 'reprise.run': 'another' } });
  await cleanUp({ run });
  await expect(docker.getVolume(half).inspect()).rejects.toMatchObject({ statusCode: 404 });
  await docker.getVolume(foreign).remove();
});
