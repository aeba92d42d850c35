import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Run } from '../../domain/index.ts';
import { reprise, type Finished } from './command.ts';
import { leftInEngine } from './engine.ts';

const suite = join(import.meta.dirname, '..', 'fixtures', 'suite');
const submission = join(import.meta.dirname, '..', 'submissions', 'hostile-whole');

describe('a submission that attacks at every stage', () => {
  let finished: Finished;
  let run: Run;
  beforeAll(async () => {
    finished = await reprise(['start', submission, '--suite', suite, '--watch', '--json']);
    run = JSON.parse(finished.stdout) as Run;
  });

  it('has the score of its answers, whatever it says of itself', async () => {
    expect(run.stages.map(({ name, outcome }) => [name, outcome?.status])).not.toContainEqual([expect.anything(), 'failed']);
    expect(run.score).toMatchObject({ open: 0 });
    expect((await reprise(['audit', run.run])).exitCode).toBe(0);
  });

  it('shows no closed question, and has found no way out', async () => {
    const { stdout } = await reprise(['logs', run.run, '--stage', 'evaluate-open']);
    expect(stdout).toContain('refused');
    const closed = await reprise(['logs', run.run, '--stage', 'evaluate-closed']);
    for (const text of [finished.stdout, finished.stderr, closed.stdout, closed.stderr]) expect(text).not.toMatch(/gained|hoarded/);
  });

  it('leaves nothing in the engine', async () => {
    expect(await leftInEngine(run.run)).toEqual([]);
    expect(await leftInEngine('somebody-else')).toEqual([]);
  });
});
