import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';

/** A process that is not taken for another one when its number is used again: the kernel's boot and start time belong to it. */
export const ProcessIdentity = z.strictObject({ pid: z.number().int().positive(), startedBy: z.string() });
export type ProcessIdentity = z.infer<typeof ProcessIdentity>;

/** The identity of a running process; undefined where there is none, or only what is left of one (a zombie). */
export function identify(pid: number): ProcessIdentity | undefined {
  const fields = statOf(pid);
  if (!fields || fields[0] === 'Z' || fields[0] === 'X') return undefined;
  // proc(5): the state is field 3 and the start time field 22; ours begin with field 3.
  return { pid, startedBy: `${bootId()}:${fields[19] ?? ''}` };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startedBy === identity.startedBy;
}

/** Asks a process to end (SIGTERM, to it alone: it looks after its children), or ends it with all of its group (SIGKILL). */
export function endProcess(identity: ProcessIdentity, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (!isAlive(identity)) return;
  const leadsGroup = Number(statOf(identity.pid)?.[2]) === identity.pid;
  try {
    process.kill(signal === 'SIGKILL' && leadsGroup ? -identity.pid : identity.pid, signal);
  } catch (error) {
    // It ended between our look and the signal.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Waits until a process is gone; false where it is still there after `timeoutMs`. */
export async function waitForEnd(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const endMs = performance.now() + timeoutMs;
  while (isAlive(identity)) {
    if (performance.now() > endMs) return false;
    await wait(50);
  }
  return true;
}

/** What a person would call a process: its command line, shortened. */
export function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, 120);
  } catch {
    // Gone, or another user's: the number alone must do.
    return '';
  }
}

/** Fields of /proc/PID/stat after the name, which may itself hold spaces and brackets. */
function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

let boot: string | undefined;
function bootId(): string {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return boot;
}
