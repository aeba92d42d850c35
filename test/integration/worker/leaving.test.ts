import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { stackConfig } from '../../stack.ts';

const program = new URL('../../../worker/main.ts', import.meta.url).pathname;

/** An engine that takes every connection and never answers. */
async function silentEngine(): Promise<{ socket: string; asked: Promise<unknown> }> {
  const directory = await mkdtemp(join(tmpdir(), 'reprise-silent-'));
  const socket = join(directory, 'docker.sock');
  const server = createServer();
  const asked = once(server, 'connection');
  await once(server.listen(socket), 'listening');
  onTestFinished(async () => {
    server.close();
    await rm(directory, { recursive: true });
  });
  return { socket, asked };
}

it('a worker that is asked to end does, though its engine does not answer', { timeout: 120_000 }, async () => {
  const { namespace } = await stackConfig('fakes');
  const { socket, asked } = await silentEngine();
  const worker = spawn(process.execPath, [program], { env: { ...process.env, REPRISE_NAMESPACE: namespace, REPRISE_HOST: 'silent', REPRISE_DOCKER_SOCKET: socket }, stdio: 'ignore' });
  onTestFinished(() => void worker.kill('SIGKILL'));
  await asked;
  worker.kill('SIGTERM');
  expect(await once(worker, 'exit')).toEqual([0, null]);
});
