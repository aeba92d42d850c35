import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { commandLineOf } from './processes.ts';
import type { Problem } from './step.ts';

export interface Port {
  port: number;
  variable: string;
  what: string;
}

/** Whether a port of 127.0.0.1 is free, or held by one of `ours`; else who holds it and which variable takes another one. */
export async function checkPort({ port, variable, what }: Port, ours: number[]): Promise<'ok' | Problem> {
  if (await isFree(port)) return 'ok';
  const holder = listenerOf(port);
  if (holder !== undefined && ours.includes(holder)) return 'ok';
  const who = holder === undefined ? 'another process' : `process ${holder} (${commandLineOf(holder)})`;
  return { problem: `port ${port} of ${what} is taken by ${who}`, nextStep: `Stop that process, or set ${variable} to a free port.` };
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** The process that listens on a port, by the kernel's tables; undefined where we may not see it. */
function listenerOf(port: number): number | undefined {
  const sockets = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listeningSockets(table, port)));
  if (sockets.size === 0) return undefined;
  return readdirSync('/proc').map(Number).find((pid) => pid > 0 && holdsOneOf(pid, sockets));
}

/** Columns of proc_net(5): local address as hexadecimal, state (0A is LISTEN), and the inode as the tenth. */
function listeningSockets(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync(table, 'utf8').trim().split('\n').slice(1).map((line) => line.trim().split(/\s+/));
  return rows.filter((row) => row[1]?.endsWith(suffix) && row[3] === '0A').map((row) => `socket:[${row[9]}]`);
}

function holdsOneOf(pid: number, sockets: Set<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((descriptor) => sockets.has(readlinkSync(`/proc/${pid}/fd/${descriptor}`)));
  } catch {
    // It ended, closed the descriptor, or belongs to somebody else.
    return false;
  }
}
