import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDocker } from '../../../activities/io/docker/connection.ts';
import { PinReport } from '../../../domain/index.ts';
import { plainUpstream, type TestUpstream } from '../../activities/record/upstreams.ts';
import { busyboxImage, ensureBusybox } from '../../fixtures/busybox.ts';
import { testStackEnvironment } from '../../stack-environment.ts';

const root = resolve(import.meta.dirname, '..', '..', '..');
let scratch: string;
let site: TestUpstream;

beforeAll(async () => {
  await ensureBusybox(createDocker('/var/run/docker.sock'));
  scratch = mkdtempSync(join(tmpdir(), 'reprise-pin-'));
  let count = 0;
  site = await plainUpstream((_request, response) => void response.end(`answer ${(count += 1)}\n`), '127.0.0.2');
});
afterAll(async () => {
  await site.close();
  rmSync(scratch, { recursive: true, force: true });
});

interface Answer {
  exitCode: number | undefined;
  report: PinReport;
}

/** `alone` is in a network in which there is this command and nothing else. */
async function pin(name: string, option: '--record' | '--replay', alone = false): Promise<Answer & { text: string }> {
  const words = [process.execPath, join(root, 'cli', 'main.ts'), 'pin', join(scratch, name), '--out', join(scratch, `${name}-pinned`), option];
  const [command = '', ...args] = alone ? ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...words] : words;
  const { exitCode, stdout } = await execa(command, args, { env: { ...testStackEnvironment, REPRISE_BUILD_REACHES: site.hostPort }, reject: false });
  return { exitCode, text: stdout, report: PinReport.parse(JSON.parse(readFileSync(join(scratch, `${name}-pinned`, 'pin-report.json'), 'utf8'))) };
}

function submission(name: string, step: string): void {
  mkdirSync(join(scratch, name));
  writeFileSync(join(scratch, name, 'Dockerfile'), `FROM ${busyboxImage}\nADD ${site.origin}/added.txt /\nRUN echo ${process.pid} ${Date.now()}\nRUN ${step}\nCMD ["sh"]\n`);
}

it('a recorded submission is built again from its directory alone, twice, and is pinned by that', async () => {
  submission('same', `wget -q -O /fetched.txt ${site.origin}/fetched.txt`);
  const recorded = await pin('same', '--record');
  expect(recorded).toMatchObject({ exitCode: 0, text: expect.stringContaining('serve: recorded, 2 requests') });
  expect(recorded.report.images).toMatchObject([{ recording: { verdict: 'recorded', open: [] } }]);
  const asked = site.asked.length;
  const replayed = await pin('same', '--replay', true);
  expect(replayed).toMatchObject({ exitCode: 0, text: expect.stringContaining('serve: pinned, 2 requests') });
  expect(replayed.report.images).toMatchObject([{ recording: { verdict: 'pinned', recording: recorded.report.images[0]?.recording?.recording }, replays: { identical: true, differing: [] } }]);
  expect(site.asked).toHaveLength(asked);
});

it('what differs between two builds is told with its cause', async () => {
  submission('dated', `wget -q -O /fetched.txt ${site.origin}/fetched.txt && sh -c 'echo built $(cat /proc/uptime) > /up.txt; stat -c %z /up.txt > /at.txt'`);
  await pin('dated', '--record');
  const { exitCode, report } = await pin('dated', '--replay', true);
  expect(exitCode).toBe(0);
  expect(report.images[0]?.replays?.differing).toEqual([{ path: '/at.txt', cause: 'timestamp' }, { path: '/up.txt', cause: 'content' }]);
});

it('what asks for something else each time is not pinned, and says for what', async () => {
  submission('other', `wget -q -O /x "${site.origin}/fetched.txt?$(cat /proc/sys/kernel/random/uuid)"`);
  await pin('other', '--record');
  const { exitCode, text, report } = await pin('other', '--replay', true);
  expect(exitCode).toBe(1);
  expect(text).toContain(`GET ${site.origin}/fetched.txt?`);
  expect(report.images).toMatchObject([{ recording: { verdict: 'recorded' }, unpinned: expect.stringContaining('not in the recording') }]);
});

it('without a recording it is said what to run first', async () => {
  submission('never', 'true');
  const { exitCode, stderr } = await execa(process.execPath, [join(root, 'cli', 'main.ts'), 'pin', join(scratch, 'never'), '--out', join(scratch, 'never-pinned'), '--replay'], { env: testStackEnvironment, reject: false });
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--record');
});
