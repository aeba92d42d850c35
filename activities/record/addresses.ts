import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';

/** The build asked for what only this machine may reach. */
export class InwardAddress extends Error {
  constructor() {
    super('the address is one of this machine or of its link, which builds may not reach');
  }
}

/** Which addresses builds reach through the proxy: what a container could not reach by itself, it does not reach by us. */
export interface Guard {
  check(hostname: string, port: number): void;
  /** For node's requests: looked up and judged at once, so that a name cannot mean something else a moment later. */
  lookup(hostname: string, options: LookupOptions, done: Resolved): void;
}

type Resolved = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** `allowed` are exceptions, as `host:port`. */
export function createGuard(allowed: readonly string[] = []): Guard {
  const inward = inwardAddresses();
  const names = new Set(allowed);
  const open = new Set(allowed.map((each) => each.replace(/:\d+$/, '').replaceAll(/^\[|\]$/g, '')));
  const isInward = (address: string): boolean => {
    const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
    return inward.check(mapped, isIP(mapped) === 6 ? 'ipv6' : 'ipv4');
  };
  return {
    check(hostname, port) {
      const host = hostname.includes(':') ? `[${hostname}]` : hostname;
      if (names.has(`${host}:${port}`)) return;
      if (open.has(hostname) || hostname === 'localhost' || hostname.endsWith('.localhost') || (isIP(hostname) !== 0 && isInward(hostname))) throw new InwardAddress();
    },
    lookup(hostname, options, done) {
      lookup(hostname, { ...options, all: true }, (error, addresses) => {
        if (error) return done(error, '');
        const outside = open.has(hostname) ? addresses : addresses.filter(({ address }) => !isInward(address));
        const [first] = outside;
        if (!first) return done(new InwardAddress(), '');
        return options.all ? done(null, outside) : done(null, first.address, first.family);
      });
    },
  };
}

/** For programs that look names up by themselves: whether an address leads out now. What cannot be looked up is theirs to tell. */
export async function isOutward(guard: Guard, address: string): Promise<boolean> {
  if (!URL.canParse(address)) return true;
  const { hostname, port, protocol } = new URL(address);
  const host = hostname.replaceAll(/^\[|\]$/g, '');
  try {
    guard.check(host, Number(port || usualPorts[protocol]));
    await new Promise<void>((resolve, reject) => guard.lookup(host, {}, (error) => (error instanceof InwardAddress ? reject(error) : resolve())));
    return true;
  } catch (error) {
    if (error instanceof InwardAddress) return false;
    throw error;
  }
}

const usualPorts: Record<string, number> = { 'http:': 80, 'https:': 443, 'git:': 9_418 };

function inwardAddresses(): BlockList {
  const list = new BlockList();
  list.addSubnet('127.0.0.0', 8, 'ipv4');
  list.addSubnet('0.0.0.0', 8, 'ipv4');
  list.addSubnet('169.254.0.0', 16, 'ipv4');
  list.addSubnet('224.0.0.0', 4, 'ipv4');
  list.addAddress('::1', 'ipv6');
  list.addAddress('::', 'ipv6');
  list.addSubnet('fe80::', 10, 'ipv6');
  // Where clouds answer for the machine's own secrets, beside 169.254.169.254.
  list.addAddress('100.100.100.200', 'ipv4');
  list.addAddress('fd00:ec2::254', 'ipv6');
  for (const subnet of ownSubnets()) {
    const [address = '', prefix] = subnet.split('/');
    list.addSubnet(address, Number(prefix), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** What is this machine's own, as `address/prefix`: each of its addresses, and of a bridge of containers the whole subnet. */
export function ownSubnets(): string[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) => (addresses ?? []).map((each) => subnetOf(name, each)));
}

/** Of a bridge of containers the whole subnet: other runs and services of the operator live there. */
function subnetOf(name: string, { address, cidr, family }: NetworkInterfaceInfo): string {
  const isBridge = /^(docker|br-|podman|cni|veth)/.test(name) && cidr !== null;
  return isBridge ? cidr : `${address}/${family === 'IPv6' ? 128 : 32}`;
}
