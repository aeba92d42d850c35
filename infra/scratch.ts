import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Config } from './config.ts';
import { identify } from './processes.ts';
import { stateOf } from './state.ts';

/**
 * A directory of this process for what is spooled on its way to the store; gone when it ends. What killed processes of this machine
 * left, gigabytes perhaps, goes now. Machines are told apart by name: `home` may be shared, and each container is one.
 */
export function ownScratch(config: Pick<Config, 'home' | 'cache'>): string {
  const { scratch } = stateOf(config);
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(scratch).filter(isLeft)) rmSync(join(scratch, name), { recursive: true, force: true });
  const own = join(scratch, nameOf(process.pid) ?? '');
  if (!existsSync(own)) {
    mkdirSync(own);
    process.once('exit', () => rmSync(own, { recursive: true, force: true }));
  }
  return own;
}

const machine = `${hostname()}.`;

/** Undefined where no such process runs. */
function nameOf(pid: number): string | undefined {
  const identity = identify(pid);
  return identity && `${machine}${pid}.${createHash('sha256').update(identity.startedBy).digest('hex').slice(0, 12)}`;
}

function isLeft(name: string): boolean {
  const pid = name.startsWith(machine) ? /^(\d+)\.[0-9a-f]{12}$/.exec(name.slice(machine.length))?.[1] : undefined;
  return pid !== undefined && name !== nameOf(Number(pid));
}
