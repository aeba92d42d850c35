import Docker from 'dockerode';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { relayName, type Owner } from '../../../../activities/io/docker/names.ts';
import { openRelay } from '../../../../activities/io/docker/relay.ts';
import { busyboxImage, ensureBusybox } from '../../../fixtures/busybox.ts';

const docker = new Docker();
const owner: Owner = { run: `relays-${process.pid}`, stage: 'build', workflowId: 'relays' };
const endsAtOnce = `reprise-test/ends-at-once:${process.pid}`;

beforeAll(async () => {
  await ensureBusybox(docker);
  const context = pack();
  context.entry({ name: 'Dockerfile' }, `FROM ${busyboxImage}\nRUN printf '#!/bin/sh\\nexit 1\\n' > /bin/perl && chmod +x /bin/perl\n`);
  context.finalize();
  const built = await docker.buildImage(context as never, { t: endsAtOnce });
  await new Promise((resolve, reject) => docker.modem.followProgress(built, (error) => (error ? reject(error) : resolve(undefined))));
}, 60_000);
afterAll(() => docker.getImage(endsAtOnce).remove({ force: true }));

it.each([
  ['is not there', 'reprise-test/no-such-image', { type: 'RELAY_UNAVAILABLE', message: expect.stringContaining('has no image') }],
  ['has no Perl', busyboxImage, { type: 'RELAY_UNAVAILABLE', message: expect.stringContaining('has no Perl') }],
  ['is in order, but is ended from outside', endsAtOnce, { type: 'RELAY_LOST', message: expect.stringContaining('exit code 1') }],
])('tells of a relay whose image %s, and leaves nothing', { timeout: 60_000 }, async (_, image, failure) => {
  const plan = { owner, name: relayName(owner), image, network: 'none', does: { mode: 'dial', address: '127.0.0.1', port: 1 } } as const;
  await expect(openRelay(docker, plan)).rejects.toMatchObject(failure);
  await expect(docker.getContainer(plan.name).inspect()).rejects.toMatchObject({ statusCode: 404 });
});
