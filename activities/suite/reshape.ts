import { readdir } from 'node:fs/promises';
import { coarseRound } from '../../domain/adaptation/index.ts';
import { scratchOf } from '../intake/suite.ts';
import { readSuiteKey } from '../intake/suite-crypto.ts';
import { invalid } from '../intake/suite-lines.ts';
import { sealedFile } from '../intake/suite-seal.ts';
import { withSpool } from '../io/spool.ts';
import type { SuiteSettings } from './inspect.ts';
import { setAside, type SpooledScenario, writeScenarios } from './spooled.ts';

/**
 * Copies a suite with its closed stage as one sealed file, which `start --suite` takes where the same key is. Resolves to the number
 * of closed questions. Failures: SUITE_INVALID, SUITE_KEY_MISSING.
 */
export async function encryptSuite(dependencies: SuiteSettings, directory: string, out: string): Promise<number> {
  return withSpool(scratchOf(dependencies), async (spool) => {
    const { header, scenarios } = await setAside(dependencies, directory, spool);
    const closed = scenarios.filter(({ stage }) => stage === 'closed');
    if (closed.length === 0) throw invalid(directory, 'has no closed stage to encrypt');
    await writeScenarios(header, scenarios, out, spool, await readSuiteKey(dependencies.settings));
    return closed.reduce((sum, { lines }) => sum + lines.length, 0);
  });
}

export interface SampledScenario {
  name: string;
  stage: string;
  /** Perturbed copies included. */
  questions: number;
  of: number;
}

/**
 * Copies a coarse round of a suite: under a budget for each stage, the same number from each scenario, perturbed copies with their
 * question. A sealed closed stage stays sealed. Failures: SUITE_INVALID, also where the budget is too small; SUITE_KEY_MISSING.
 */
export async function sampleSuite(dependencies: SuiteSettings, directory: string, out: string, budget: number, seed: string): Promise<SampledScenario[]> {
  return withSpool(scratchOf(dependencies), async (spool) => {
    const { header, scenarios } = await setAside(dependencies, directory, spool);
    const sampled = (['open', 'closed'] as const).flatMap((stage) => sample(scenarios.filter((each) => each.stage === stage), budget, seed));
    const isSealed = (await readdir(directory)).includes(sealedFile);
    await writeScenarios(header, sampled, out, spool, isSealed ? await readSuiteKey(dependencies.settings) : undefined);
    return sampled.map(({ name, stage, lines }) => {
      const of = scenarios.find((each) => each.stage === stage && each.name === name)?.lines.length ?? 0;
      return { name, stage, questions: lines.length, of };
    });
  });
}

/** A stage's scenarios with the lines that a budget leaves them. */
function sample(scenarios: readonly SpooledScenario[], budget: number, seed: string): SpooledScenario[] {
  const [first] = scenarios;
  if (!first) return [];
  try {
    const strata = scenarios.map(({ name, groups }) => ({ name, groups: [...groups.values()] }));
    return coarseRound(strata, budget, seed).map(({ name, groups }) => ({ stage: first.stage, name, lines: groups.flat(), groups: new Map() }));
  } catch (error) {
    if (error instanceof RangeError) throw invalid(`the ${first.stage} stage`, error.message);
    throw error;
  }
}
