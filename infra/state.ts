import { join } from 'node:path';
import type { Config } from './config.ts';

/** Where everything of the local stack lies, below `home` and `cache`. */
export function stateOf({ home, cache }: Pick<Config, 'home' | 'cache'>) {
  return {
    home,
    logs: join(home, 'logs'),
    keys: join(home, 'keys'),
    scratch: join(home, 'scratch'),
    /** Values that were given for runs under way. */
    secrets: join(home, 'secrets'),
    /** What should run (written by `up` and `down`), and what does (written by the supervising process). */
    wanted: join(home, 'parts.json'),
    observed: join(home, 'supervisor.json'),
    lock: join(home, 'stack.lock'),
    temporalDatabase: join(home, 'temporal.db'),
    objects: join(home, 's3'),
    binaries: join(cache, 'bin'),
    images: join(cache, 'images'),
  };
}

export function logFileOf(config: Pick<Config, 'home'>, part: string): string {
  return join(config.home, 'logs', `${part}.log`);
}
