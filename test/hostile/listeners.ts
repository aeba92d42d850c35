import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import type Docker from 'dockerode';
import { baseImage } from '../../infra/base-image/step.ts';
import { busyboxImage } from '../fixtures/busybox.ts';

/** What an attack aims at: a service of this machine and one in another container, both the test's own. */
export interface Targets {
  /** For the places in braces of a submission's files. */
  values: Record<string, string>;
  /** What the services give to whoever reaches them. */
  secret: string;
  /** What reached the service of this machine since it was last asked. */
  seen(): string[];
  close(): Promise<void>;
}

export async function openTargets(docker: Docker): Promise<Targets> {
  const secret = `secret-${Math.random().toString(36).slice(2, 12)}`;
  const seen: string[] = [];
  const service = createServer((request, response) => {
    seen.push(`HTTP ${request.url}`);
    response.end(secret);
  });
  service.on('connection', () => seen.push('TCP'));
  service.listen(0, '::');
  await once(service, 'listening');
  const { port } = service.address() as AddressInfo;
  const datagrams = createSocket({ type: 'udp6', ipv6Only: false });
  datagrams.on('message', (message) => seen.push(`UDP ${message.length} bytes`));
  datagrams.bind(port, '::');
  await once(datagrams, 'listening');
  const peer = await docker.createContainer({ Image: busyboxImage, Cmd: ['sh', '-c', `echo ${secret} > /tmp/index.html; exec httpd -f -p 8080 -h /tmp`], HostConfig: { AutoRemove: true } });
  await peer.start();
  const { NetworkSettings } = await peer.inspect();
  const bridge = NetworkSettings.Networks['bridge'];
  const own = ownAddresses();
  const host = own[0] ?? '127.0.0.1';
  const addresses = [...own, bridge?.Gateway ?? ''].map((address) => `${address}:${port}`);
  const values = {
    HOST: host,
    PORT: String(port),
    ADDRESSES: [...new Set(addresses), `${bridge?.IPAddress}:8080`].join(' '),
    ADDRESSES6: ['::1', ...ownAddresses('IPv6')].join(' '),
    NAME: 'host.reprise.invalid',
  };
  await assertReachable(docker, `${bridge?.Gateway}`, port, seen);
  return {
    values,
    secret,
    seen: () => seen.splice(0),
    async close() {
      await peer.stop({ t: 0 });
      datagrams.close();
      service.closeAllConnections();
      service.close();
    },
  };
}

function ownAddresses(family: 'IPv4' | 'IPv6' = 'IPv4'): string[] {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return all.filter((each) => each.family === family && !each.internal && !each.address.startsWith('fe80:')).map(({ address }) => address);
}

/** A check that nothing arrived is worth something only where a container without confinement does arrive. */
async function assertReachable(docker: Docker, gateway: string, port: number, seen: string[]): Promise<void> {
  const reach = `use Socket; for my $kind (SOCK_DGRAM, SOCK_STREAM) { socket(my $s, PF_INET, $kind, 0); connect($s, sockaddr_in(${port}, inet_aton("${gateway}"))) and send($s, "x", 0) }`;
  const container = await docker.createContainer({ Image: baseImage, Cmd: ['perl', '-e', reach] });
  await container.start();
  await container.wait();
  await container.remove();
  const kinds = new Set(seen.splice(0).map((each) => each.slice(0, 3)));
  if (!kinds.has('TCP') || !kinds.has('UDP')) throw new Error(`the test's own service is not reached by an ordinary container: ${[...kinds].join(', ')}`);
}
