import { join } from 'node:path';
import { execa } from 'execa';
import type { Finding } from '../summary.ts';
import { command, type Submitted } from '../workload.ts';
import type { World } from '../world.ts';

/** What a run stored is exported and audited away from the stack, its score computed again. */
export async function checkEvidence(world: World, { run }: Submitted, findings: Finding[]): Promise<void> {
  const directory = join(world.scratch, 'evidence', run);
  for (const args of [['export', run, directory], ['audit', directory, '--rescore']]) {
    const { exitCode, stdout, stderr } = await execa(process.execPath, [command, ...args], { env: world.environment, reject: false });
    if (exitCode !== 0) findings.push({ kind: 'wrong', of: run, message: `reprise ${args[0]} ended with exit code ${exitCode}: ${stderr}${stdout}`.slice(0, 1_000) });
  }
}
