import { copyFileSync, statSync, truncateSync } from 'node:fs';
import { limits } from '../../domain/index.ts';
import type { Config } from '../config.ts';
import { logFileOf } from '../state.ts';

/**
 * Turns a log over when it is too long: copied aside and emptied in place, since the part holds the file open (for appending).
 * A line written between the two is lost, which a part's own log can bear; the logs of runs are in the object store.
 */
export function boundLog(config: Pick<Config, 'home'>, part: string, maxBytes: number = limits.partLogBytes): void {
  const path = logFileOf(config, part);
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= maxBytes) return;
  copyFileSync(path, `${path}.1`);
  truncateSync(path, 0);
}
