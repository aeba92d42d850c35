import { readFile } from 'node:fs/promises';
import { createUseMeter } from '../io/docker/use.ts';
import { enterUse } from '../io/metering.ts';
import type { Training } from './training.ts';

/** Enters for how long the present life has had its device; nothing where it has none. */
export function enterDeviceTime({ device, budget }: Pick<Training, 'device' | 'budget'>, untilMs: number): void {
  const life = budget.life();
  if (device !== undefined && life) enterUse(life.startedAt, { gpuMs: Math.max(untilMs - Date.parse(life.startedAt), 0) });
}

/** Enters what the present life has used of CPU, while the engine can still tell; that it cannot holds up no stop. */
export async function enterLastUse({ container, budget, dependencies: { logger }, context: { run } }: Training): Promise<void> {
  const life = budget.life();
  const used = await createUseMeter(container)().catch((error: unknown) => logger.warn({ error, run }, 'not asked what the training used last'));
  if (life && used) enterUse(life.startedAt, { cpuMs: used.cpuMs });
}

/** Processes that this host killed for memory since it started; null where it does not tell. The worker runs on the engine's host. */
export async function hostKills(): Promise<number | null> {
  const text = await readFile('/proc/vmstat', 'utf8').catch(() => ''); // Not Linux, or hidden.
  const found = /^oom_kill (\d+)$/m.exec(text);
  return found ? Number(found[1]) : null;
}
