import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import type { PlannedFault } from './plan.ts';
import type { Aim, AimOf } from './aim.ts';
import { processesOf, signal, type World } from './world.ts';

export type PartOfWorld = 'worker' | 'temporal' | 'store' | 'engine' | 'containerd' | 'supervisor';

const commandLines: Record<PartOfWorld, RegExp> = {
  worker: /worker\/main\.ts/,
  temporal: /temporal server start-dev/,
  store: /versitygw --port/,
  engine: /dockerd --host/,
  containerd: /^containerd --config/,
  supervisor: /infra\/supervisor\/main\.ts/,
};

/** A part of the stack is killed, asked to end, or stands still for a while. */
export function partFault(part: PartOfWorld, name: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP'): AimOf {
  return async (world, fault) => {
    const [pid] = processesOf(commandLines[part]);
    // What does not serve has not come up from the fault before.
    if (pid === undefined || !(await serves(world, part))) return undefined;
    const readyBefore = await readiesOf(world);
    return {
      what: `${part} ${pid}: ${name}${name === 'SIGSTOP' ? ` for ${fault.durationMs} ms` : ''}`,
      strike: () => strike(pid, name, fault),
      isUp: async () => {
        const present = processesOf(commandLines[part]);
        if (name !== 'SIGSTOP' && (present.includes(pid) || present.length === 0)) return false;
        if (part === 'worker') return name === 'SIGSTOP' || (await readiesOf(world)) > readyBefore;
        return serves(world, part);
      },
      beatsCount: part === 'worker' || part === 'temporal' || part === 'supervisor',
    } satisfies Aim;
  };
}

async function strike(pid: number, name: NodeJS.Signals, { durationMs }: PlannedFault): Promise<void> {
  signal(pid, name);
  if (name !== 'SIGSTOP') return;
  await sleep(durationMs);
  signal(pid, 'SIGCONT');
}

/** How often a worker said that it is ready. */
async function readiesOf({ config }: World): Promise<number> {
  const log = await readFile(join(config.home, 'logs', 'worker.log'), 'utf8').catch(() => '');
  return log.split('worker ready').length - 1;
}

export async function serves({ config, docker }: World, part: PartOfWorld): Promise<boolean> {
  if (part === 'worker' || part === 'supervisor') return true;
  if (part === 'engine' || part === 'containerd') return docker.listContainers().then(() => true, () => false);
  if (part === 'store') return fetch(`http://127.0.0.1:${config.s3Port}`, { signal: AbortSignal.timeout(2_000) }).then(() => true, () => false);
  const connection = await Connection.connect({ address: config.temporalAddress, connectTimeout: '2s' }).catch(() => undefined);
  await connection?.close();
  return connection !== undefined;
}
