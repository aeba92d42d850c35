import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig, type Config } from '../infra/config.ts';
import { down, up } from '../infra/stack.ts';
import type { SetupEvent } from '../infra/step.ts';
import { testStackEnvironment } from './stack-environment.ts';

/** Brings the stack of the tests up, empty, before the tests that need it; REPRISE_TEST_KEEP=1 takes it as it is, and leaves it up. */
export async function setup(): Promise<void> {
  if (!keep) {
    await down(config());
    removeData(config());
  }
  await up(config(), say);
}

export async function teardown(): Promise<void> {
  if (!keep) await down(config(), say);
}

const keep = process.env['REPRISE_TEST_KEEP'] === '1';

function config(): Config {
  return readConfig({ ...process.env, ...testStackEnvironment });
}

/** All but what says which engine is ours. */
function removeData({ home }: Config): void {
  const kept = new Set(['parts.json', 'supervisor.json', 'config.yaml']);
  const names = existsSync(home) ? readdirSync(home).filter((name) => !kept.has(name)) : [];
  for (const name of names) rmSync(join(home, name), { recursive: true, force: true });
}

function say(event: SetupEvent): void {
  if (event.type === 'waiting') console.error(`  ${event.step}: waiting for ${event.waitingFor} (${Math.round(event.elapsedMs / 1_000)} s)`);
  if (event.type === 'started') console.error(`${event.step}: ${event.problem}`);
  if (event.type === 'failed') console.error(`${event.step}: ${event.problem}\n  ${event.nextStep}`);
}
