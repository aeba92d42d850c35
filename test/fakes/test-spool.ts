import { tmpdir } from 'node:os';
import { onTestFinished } from 'vitest';
import { openSpool, type Spool } from '../../activities/io/spool.ts';

/** A spool that goes with the test. */
export function testSpool(): Spool {
  const spool = openSpool(tmpdir());
  onTestFinished(() => spool.close());
  return spool;
}
