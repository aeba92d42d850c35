import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { memoryStore } from '../../../fakes/memory-store.ts';
import { proxied } from '../../../activities/record/proxied.ts';
import { plainUpstream, type TestUpstream } from '../../../activities/record/upstreams.ts';

const scratchDirectory = mkdtempSync(join(tmpdir(), 'reprise-small-'));
let site: TestUpstream;

beforeAll(async () => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', scratchDirectory]);
  site = await plainUpstream((_request, response) => void response.end(Buffer.alloc(8_000_000, 1)));
});
afterAll(async () => {
  execFileSync('umount', [scratchDirectory]);
  await site.close();
});

it('a full disk is told, stores nothing, and leaves nothing on it', async () => {
  const store = memoryStore();
  const proxy = await proxied(store, { reachable: [site.hostPort], scratchDirectory });
  const { exitCode } = await proxy.curl(`${site.origin}/large`);
  expect(exitCode).not.toBe(0);
  expect(await proxy.end()).toEqual([]);
  expect(proxy.troubles.causeOf({ code: 'BUILD_STEP_FAILED', reason: '' }, [])).toMatchObject({ code: 'DISK_FULL' });
  expect(store.objects.size).toBe(0);
  expect(proxy.scratch()).toEqual([]);
});
