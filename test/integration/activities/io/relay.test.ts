import { Readable, type Duplex } from 'node:stream';
import Docker from 'dockerode';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { relayName, type Owner } from '../../../../activities/io/docker/names.ts';
import { ownImage } from '../../../../activities/io/docker/own-image.ts';
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

const MiB = 1024 ** 2;
const portion = Buffer.alloc(64 * 1024, 'x');

it('brings a body past connections that nobody reads, and takes in for these no more than their window and their sockets hold', { timeout: 60_000 }, async () => {
  const sent = { read: 0, unread: 0 };
  const onConnection = (connection: Duplex): void => {
    connection.on('error', () => undefined);
    connection.once('data', (first: Buffer) => Readable.from(counted(first.toString() as keyof typeof sent), { objectMode: false, highWaterMark: 1 }).pipe(connection));
  };
  async function* counted(kind: keyof typeof sent): AsyncGenerator<Buffer> {
    for (let bytes = 0; bytes < 32 * MiB; bytes += portion.length) {
      sent[kind] += portion.length;
      yield portion;
    }
  }
  const relay = await openRelay(docker, { owner, name: relayName(owner), image: ownImage({ imageMap: {} }), network: 'none', does: { mode: 'listen', address: '127.0.0.1', port: 3128 }, onConnection });
  try {
    expect(await outputOf(relay.container.id, readOneOfMany)).toBe(String(32 * MiB));
    expect(sent).toMatchObject({ read: 32 * MiB });
    expect(sent.unread).toBeLessThan(unread * 16 * MiB);
  } finally {
    await relay.close();
  }
});

const unread = 8;
const readOneOfMany = `
use Socket;
sub dial { socket(my $s, PF_INET, SOCK_STREAM, 0); connect($s, sockaddr_in(3128, inet_aton('127.0.0.1'))) or die "$!"; syswrite($s, $_[0]); $s }
my @unread = map { dial('unread') } 1 .. ${unread};
my ($s, $all, $bytes) = (dial('read'), 0);
while (my $n = sysread($s, $bytes, 1 << 18)) { $all += $n }
print $all;`;

/** What a Perl program prints in the network of a relay. */
async function outputOf(relay: string, program: string): Promise<string> {
  const container = await docker.createContainer({ Image: ownImage({ imageMap: {} }), Cmd: ['perl', '-e', program], Tty: true, HostConfig: { NetworkMode: `container:${relay}` } });
  try {
    await container.start();
    await container.wait();
    return String(await container.logs({ stdout: true, stderr: true }));
  } finally {
    await container.remove({ force: true });
  }
}
