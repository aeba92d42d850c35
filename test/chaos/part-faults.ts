import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import type { PlannedFault } from './plan.ts';
import type { Aim, AimOf } from './aim.ts';
import { processesOf, type World } from './world.ts';

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
export function partFault(part: PartOfWorld, signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP'): AimOf {
  return async (world, fault) => {
    const [pid] = processesOf(commandLines[part]);
    // What does not serve has not come up from the fault before.
    if (pid === undefined || !(await serves(world, part))) return undefined;
    const readyBefore = await readiesOf(world);
    return {
      what: `${part} ${pid}: ${signal}${signal === 'SIGSTOP' ? ` for ${fault.durationMs} ms` : ''}`,
      strike: () => strike(pid, signal, fault),
      isUp: async () => {
        const present = processesOf(commandLines[part]);
        if (signal !== 'SIGSTOP' && (present.includes(pid) || present.length === 0)) return false;
        if (part === 'worker') return signal === 'SIGSTOP' || (await readiesOf(world)) > readyBefore;
        return serves(world, part);
      },
      beatsCount: part === 'worker' || part === 'temporal' || part === 'supervisor',
    } satisfies Aim;
  };
}

async function strike(pid: number, signal: NodeJS.Signals, { durationMs }: PlannedFault): Promise<void> {
  process.kill(pid, signal);
  if (signal !== 'SIGSTOP') return;
  await sleep(durationMs);
  process.kill(pid, 'SIGCONT');
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
