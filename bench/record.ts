/**
 * examples/addition built from its own upstreams without and with recording, and replayed; then the recording proxy: rate of downloads
 * over TLS through it against the direct one, without a limit and from a server of 1 Gbit/s, and what a proxy of its own for each takes of
 * memory until the S3 server has everything. The builds need the engine and the network; where one is missing, `leftOut` says so.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { openAuthority } from '../activities/record/authority.ts';
import { ensureBucket } from '../activities/io/s3.ts';
import { startGateway } from '../test/integration/activities/io/versitygw.ts';
import { withCompiled } from './compiled.ts';
import { measureBuilds } from './record/builds.ts';
import type { ProxyFigures } from './record/proxy.ts';

const gigabit = 125_000_000;
const downloads: Download[] = [{ sizeBytes: 100_000_000 }, { sizeBytes: 2_000_000_000 }, { sizeBytes: 5_000_000_000 }, { sizeBytes: 1_000_000_000, bytesPerSecond: gigabit }];

interface Download {
  sizeBytes: number;
  /** Of the server; as fast as it goes where absent. */
  bytesPerSecond?: number;
}

const scratch = await mkdtemp(join(tmpdir(), 'reprise-bench-'));
const { options, stop } = await startGateway(`bench-${process.pid}`);
try {
  await ensureBucket(options);
  // Before the downloads, whose gigabytes are on their way to the disk for a while.
  const builds = await measureBuilds(scratch, options).catch((error: unknown) => ({ leftOut: String(error) }));
  const measured = await withCompiled('record/proxy', measureDownloads);
  process.stdout.write(`${JSON.stringify({ bench: 'record', ...measured, builds })}\n`);
} finally {
  await stop();
  await rm(scratch, { recursive: true, force: true });
}
process.exit(0); // The keep-alive sockets of the store would hold the process for a while.

async function measureDownloads(program: string): Promise<object> {
  const [key, cert, ca] = [join(scratch, 'key.pem'), join(scratch, 'cert.pem'), join(scratch, 'ca.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=upstream', '-addext', 'subjectAltName=IP:127.0.0.1'], { stdio: 'ignore' });
  const authorityFile = join(scratch, 'authority.pem');
  await writeFile(ca, (await openAuthority(authorityFile)).certificate);
  const upstream = await started(join(import.meta.dirname, 'record', 'upstream.ts'), key, cert);
  const origin = `https://127.0.0.1:${upstream.port}`;
  const measured: (Download & Rates & ProxyFigures)[] = [];
  for (const download of downloads) {
    const url = `${origin}/${download.sizeBytes}${download.bytesPerSecond === undefined ? '' : `?rate=${download.bytesPerSecond}`}`;
    const directMBps = await rate(url, ['--cacert', cert]);
    const proxy = await started(program, JSON.stringify({ store: options, authorityFile, caBundle: cert, reachable: [`127.0.0.1:${upstream.port}`], scratchDirectory: scratch }));
    const recordedMBps = await rate(url, ['--proxy', `http://127.0.0.1:${proxy.port}`, '--cacert', ca]);
    proxy.child.kill('SIGTERM');
    measured.push({ ...download, directMBps, recordedMBps, ...(JSON.parse(await proxy.line()) as ProxyFigures) });
  }
  upstream.child.kill();
  return { maxRssMiB: Math.max(...measured.map(({ maxRssMiB }) => maxRssMiB)), downloads: measured };
}

interface Rates {
  directMBps: number;
  recordedMBps: number;
}

async function rate(url: string, how: string[]): Promise<number> {
  const { stdout } = await execa('curl', ['-sS', '-f', '-o', '/dev/null', '-w', '%{speed_download}', ...how, url], { env: { no_proxy: '', NO_PROXY: '' } });
  return Math.round(Number(stdout) / 1e6);
}

async function started(file: string, ...args: string[]): Promise<{ child: ChildProcess; port: string; line(): Promise<string> }> {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, MALLOC_ARENA_MAX: '2' } });
  const lines = createInterface({ input: child.stdout });
  const line = async (): Promise<string> => String((await once(lines, 'line'))[0]);
  return { child, port: await line(), line };
}
