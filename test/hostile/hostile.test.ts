import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AskOutcome } from '../../activities/evaluate/ask.ts';
import { outcomeOf } from '../../activities/failure.ts';
import { baseImage } from '../../infra/base-image/step.ts';
import { ensureBusybox } from '../fixtures/busybox.ts';
import { gvisor } from '../../infra/engine.ts';
import { containerRuntime, hostileBench, type HostileBench } from './bench.ts';
import { hostileCases, type HostileCase } from './cases.ts';
import { victim } from './checks.ts';
import { openTargets, type Targets } from './listeners.ts';
import { printTable, type Row } from './table.ts';

let bench: HostileBench;
let targets: Targets;
const rows: Row[] = [];

beforeAll(async () => {
  bench = await hostileBench(() => ({ ...targets.values, VICTIM: victim }));
  await ensureBusybox(bench.docker);
  await bench.docker.getImage(baseImage).inspect();
  targets = await openTargets(bench.docker);
});
afterAll(async () => {
  printTable(rows, hostileCases.length);
  await targets.close();
  await bench.takeDown();
});

describe('a submission that attacks', () => {
  it.each(hostileCases.map((each) => [`${each.stage}: ${each.attack}`, each] as const))('by %s gets nothing and is named', async (_, hostile) => {
    const startedMs = performance.now();
    const expected = (containerRuntime === gvisor ? hostile.underGvisor : undefined) ?? hostile.expected;
    const row: Row = { ...hostile, expected, got: 'nothing', message: '', contained: false, tookMs: 0 };
    rows.push(row);
    try {
      const { code, message, result } = await endOf(hostile);
      Object.assign(row, { got: code, message });
      await assertContained(hostile, result, message);
      row.contained = true;
      expect(code, message).toBe(expected);
    } finally {
      row.tookMs = performance.now() - startedMs;
    }
  });
});

async function endOf(hostile: HostileCase): Promise<{ code: string; message: string; result: unknown }> {
  try {
    const result = await hostile.run(bench);
    return { code: codeOf(result), message: '', result };
  } catch (error) {
    const outcome = outcomeOf(error);
    if (!outcome) throw error;
    return { code: outcome.code, message: outcome.message, result: undefined };
  }
}

function codeOf(result: unknown): string {
  const { kind, reason } = result as Partial<AskOutcome & { reason: string }>;
  return kind === 'failed' ? (reason ?? kind) : (kind ?? 'completed');
}

/** Whatever it was called: the targets saw nothing, no log tells of a gain, and the host has all it had. */
async function assertContained(hostile: HostileCase, result: unknown, message: string): Promise<void> {
  expect(targets.seen()).toEqual([]);
  const context = bench.latest();
  const lines = context ? await bench.linesOf(context) : [];
  expect(lines.filter((line) => line.startsWith('gained') || line.includes(targets.secret))).toEqual([]);
  expect(message).not.toContain(targets.secret);
  await hostile.check?.({ bench, run: context?.run ?? '', result, message, lines });
  // Of this run alone: what one case leaves is not told again by all that follow.
  expect(await bench.left(context?.run)).toEqual([]);
}
