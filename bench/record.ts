/**
 * The recording proxy: rate of a 2 GB download over TLS through it against the direct one, without a limit and from a server of
 * 1 Gbit/s, with the proxy's memory (it uploads to the S3 server meanwhile); then examples/addition built from its own upstreams
 * without and with recording, and replayed. The builds need the engine and the network; where one is missing, `leftOut` says so.
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

const size = 2_000_000_000;
const gigabit = 125_000_000;

const scratch = await mkdtemp(join(tmpdir(), 'reprise-bench-'));
const { options, stop } = await startGateway(`bench-${process.pid}`);
try {
  await ensureBucket(options);
  const downloads = await withCompiled('record/proxy', measureDownloads);
  const builds = await measureBuilds(scratch, options).catch((error: unknown) => ({ leftOut: String(error) }));
  process.stdout.write(`${JSON.stringify({ bench: 'record', ...downloads, builds })}\n`);
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
  const proxy = await started(program, JSON.stringify({ store: options, authorityFile, caBundle: cert, reachable: [`127.0.0.1:${upstream.port}`], scratchDirectory: scratch }));
  const rate = async (path: string, through: string[]): Promise<number> => {
    const { stdout } = await execa('curl', ['-sS', '-f', '-o', '/dev/null', '-w', '%{speed_download}', ...through, `${origin}${path}`], { env: { no_proxy: '', NO_PROXY: '' } });
    return Math.round(Number(stdout) / 1e6);
  };
  const recorded = ['--proxy', `http://127.0.0.1:${proxy.port}`, '--cacert', ca];
  const unlimited = { directMBps: await rate(`/${size}`, ['--cacert', cert]), recordedMBps: await rate(`/${size}?a`, recorded) };
  const limited = { directMBps: await rate(`/${size / 2}?rate=${gigabit}`, ['--cacert', cert]), recordedMBps: await rate(`/${size / 2}?rate=${gigabit}`, recorded) };
  proxy.child.kill('SIGTERM');
  const figures = JSON.parse(await proxy.line()) as object;
  upstream.child.kill();
  return { sizeBytes: size, unlimited, gigabit: limited, proxy: figures };
}

async function started(file: string, ...args: string[]): Promise<{ child: ChildProcess; port: string; line(): Promise<string> }> {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, MALLOC_ARENA_MAX: '2' } });
  const lines = createInterface({ input: child.stdout });
  const line = async (): Promise<string> => String((await once(lines, 'line'))[0]);
  return { child, port: await line(), line };
}
