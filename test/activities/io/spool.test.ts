import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openSpool, type Spool, withSpool } from '../../../activities/io/spool.ts';
import { testSpool } from '../../fakes/test-spool.ts';

describe('a spool', () => {
  const directory = mkdtempSync(join(tmpdir(), 'reprise-spool-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  it.each([0, 1, 11, 12, 13, 16, 2_044, 2_048, 2_060, 100_000, 256 * 1024, 700_001])('gives back an entry of %i bytes among others', (sizeBytes) => {
    const spool = testSpool();
    const entries = [randomBytes(7), randomBytes(sizeBytes), randomBytes(300_000), randomBytes(sizeBytes)];
    const places = entries.map((entry) => spool.append(entry));
    for (const index of [3, 0, 2, 1, 3]) expect(spool.read(places[index] ?? -1).equals(entries[index] ?? Buffer.alloc(0))).toBe(true);
  });

  it('gives back what came after a read', () => {
    const spool = testSpool();
    const first = spool.append(Buffer.from('first'));
    expect(spool.read(first).toString()).toBe('first');
    const second = spool.append(Buffer.from('second'));
    expect([spool.read(first), spool.read(second)].map(String)).toEqual(['first', 'second']);
  });

  it('has no name, and nothing of it can be read on the disk', () => {
    const spool = openSpool(directory);
    const place = spool.append(Buffer.from('a hidden question '.repeat(1_000)));
    expect(spool.read(place).length).toBe(18_000);
    expect(readdirSync(directory)).toEqual([]);
    expect(bytesOnDisk().includes('hidden')).toBe(false);
    spool.close();
  });

  it('is closed also where its use fails', async () => {
    let used: Spool | undefined;
    const failed = withSpool(directory, async (spool) => {
      used = spool;
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(() => used?.read(used.append(randomBytes(300_000)))).toThrow(/EBADF|bad file/);
  });
});

/** What stands in the file that was opened last: Linux gives the lowest number that is free. */
function bytesOnDisk(): Buffer {
  const probe = openSync('/dev/null', 'r');
  closeSync(probe);
  return readFileSync(`/proc/self/fd/${probe - 1}`);
}
