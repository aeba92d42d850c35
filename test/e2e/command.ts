import { join } from 'node:path';
import { execa } from 'execa';
import { testStackEnvironment } from '../stack-environment.ts';

export interface Finished {
  exitCode: number;
  stdout: string;
  stderr: string;
}

const root = join(import.meta.dirname, '..', '..');

/** Runs the command as a person would, against the stack of the tests. */
export async function reprise(args: string[], environment: Record<string, string> = {}): Promise<Finished> {
  const { exitCode, stdout, stderr } = await execa('node', [join(root, 'cli', 'reprise.mjs'), ...args], {
    cwd: root,
    env: { ...testStackEnvironment, ...environment },
    reject: false,
    maxBuffer: 100_000_000,
  });
  return { exitCode: exitCode ?? -1, stdout, stderr };
}
