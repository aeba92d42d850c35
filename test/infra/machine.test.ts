import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { withLock } from '../../infra/lock.ts';
import { checkPort } from '../../infra/ports.ts';
import { endProcess, identify, isAlive, waitForEnd } from '../../infra/processes.ts';
import { boundLog } from '../../infra/supervisor/logs.ts';

describe('a port', () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  async function taken(): Promise<number> {
    server = createServer();
    await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
    return (server.address() as { port: number }).port;
  }

  it('that somebody else holds is named, with its holder and the variable that takes another', async () => {
    const port = await taken();
    const found = await checkPort({ port, variable: 'REPRISE_S3_PORT', what: 'the object store' }, []);
    expect(found).toMatchObject({ problem: expect.stringContaining(`port ${port} of the object store is taken by process ${process.pid}`) });
    expect(found).toMatchObject({ nextStep: expect.stringContaining('REPRISE_S3_PORT') });
  });

  it('that we hold ourselves is no conflict', async () => {
    expect(await checkPort({ port: await taken(), variable: 'X', what: 'x' }, [process.pid])).toBe('ok');
  });

  it('that is free is free', async () => {
    const port = await taken();
    await new Promise((done) => server?.close(done));
    expect(await checkPort({ port, variable: 'X', what: 'x' }, [])).toBe('ok');
  });
});

describe('a process', () => {
  it('is not taken for another one that got its number', () => {
    const own = identify(process.pid);
    expect(own && isAlive(own)).toBe(true);
    expect(own && isAlive({ ...own, startedBy: `${own.startedBy}0` })).toBe(false);
  });

  it('is ended, and known to be gone even before it is reaped', async () => {
    const child = spawn('sleep', ['60'], { detached: true });
    const identity = identify(child.pid ?? 0);
    if (!identity) throw new Error('sleep did not start');
    endProcess(identity, 'SIGKILL');
    expect(await waitForEnd(identity, 5_000)).toBe(true);
  });
});

describe('the lock of a stack', () => {
  it('lets one in after the other', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'reprise-lock-')), 'stack.lock');
    const order: string[] = [];
    const work = (name: string) => withLock(path, () => undefined, async () => {
      order.push(`${name} in`);
      await new Promise((done) => setTimeout(done, 50));
      order.push(`${name} out`);
    });
    await Promise.all([work('a'), work('b')]);
    expect([order[0]?.at(0), order[2]?.at(0)].toSorted()).toEqual(['a', 'b']);
    expect([order[1], order[3]]).toEqual([order[0]?.replace('in', 'out'), order[2]?.replace('in', 'out')]);
  });

  it('is taken over from a process that is gone', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'reprise-lock-')), 'stack.lock');
    writeFileSync(path, JSON.stringify({ pid: process.pid, startedBy: 'another boot:1' }));
    expect(await withLock(path, () => undefined, async () => 'in')).toBe('in');
  });
});

describe('the log of a part', () => {
  it('is turned over when it is too long: emptied in place, with one older file kept', () => {
    const home = mkdtempSync(join(tmpdir(), 'reprise-logs-'));
    mkdirSync(join(home, 'logs'));
    const path = join(home, 'logs', 's3.log');
    writeFileSync(path, 'twenty bytes of text');
    boundLog({ home }, 's3', 100);
    expect(readFileSync(path, 'utf8')).toBe('twenty bytes of text');
    boundLog({ home }, 's3', 10);
    expect([readFileSync(path, 'utf8'), readFileSync(`${path}.1`, 'utf8')]).toEqual(['', 'twenty bytes of text']);
  });
});
