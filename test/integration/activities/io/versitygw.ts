import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { S3Options } from '../../../../activities/io/s3.ts';
import { readConfig } from '../../../../infra/config.ts';

export interface RunningGateway {
  options: S3Options;
  process: ChildProcess;
  stop(): Promise<void>;
}

/** A real S3 server of the test's own, on a free loopback port, with its objects in a temporary directory. */
export async function startGateway(bucket = 'test-bucket'): Promise<RunningGateway> {
  const directory = await mkdtemp(join(tmpdir(), 'reprise-s3-'));
  await mkdir(join(directory, 'data'));
  const port = await freePort();
  const options: S3Options = {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    bucket,
    accessKeyId: 'test-access',
    secretAccessKey: 'test-secret',
  };
  const child = spawn(gatewayBinary(), ['--port', `127.0.0.1:${port}`, 'posix', join(directory, 'data')], {
    env: { ROOT_ACCESS_KEY: options.accessKeyId, ROOT_SECRET_KEY: options.secretAccessKey, HOME: directory },
    stdio: 'ignore',
  });
  await untilAnswering(options.endpoint);
  return {
    options,
    process: child,
    async stop() {
      child.kill('SIGKILL');
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function gatewayBinary(): string {
  const config = readConfig();
  const places = [join(config.cache, 'bin'), ...(process.env['PATH'] ?? '').split(delimiter)].map((place) => join(place, 'versitygw'));
  const found = [config.s3Binary, ...places].find((path) => path !== undefined && existsSync(path));
  if (found === undefined) throw new Error('versitygw is not installed; `npm run setup` installs it');
  return found;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function untilAnswering(endpoint: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const answered = await fetch(endpoint).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await wait(100);
  }
  throw new Error(`versitygw does not answer at ${endpoint}`);
}
