import { createHash } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { coarseRound } from '../../domain/adaptation/index.ts';
import { canonicalJson, type Question, type SuiteDescription, type SuiteStageContent } from '../../domain/index.ts';
import { metricNames } from '../../domain/metrics/index.ts';
import { openSealedWith } from '../intake/suite.ts';
import { readSuiteKey } from '../intake/suite-crypto.ts';
import { readSuiteFiles, type SuiteFiles } from '../intake/suite-files.ts';
import { invalid } from '../intake/suite-lines.ts';
import { sealedFile, sealStage } from '../intake/suite-seal.ts';
import type { SuiteSettings } from './inspect.ts';

/**
 * Copies a suite with its closed stage as one sealed file, which `start --suite` takes where the same key is. Resolves to the number
 * of closed questions. Failures: SUITE_INVALID, SUITE_KEY_MISSING.
 */
export async function encryptSuite(dependencies: SuiteSettings, directory: string, out: string): Promise<number> {
  const suite = await readSuiteFiles(directory, metricNames, openSealedWith(dependencies));
  const closed = suite.stages.find(({ stage }) => stage === 'closed');
  if (!closed) throw invalid(directory, 'has no closed stage to encrypt');
  await write(suite, out, suite.stages.filter(({ stage }) => stage === 'open'), closed, await readSuiteKey(dependencies.settings));
  return closed.scenarios.reduce((sum, { questions }) => sum + questions.length, 0);
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
  const suite = await readSuiteFiles(directory, metricNames, openSealedWith(dependencies));
  const stages = suite.stages.map((content) => sampled(content, budget, seed));
  const isSealed = (await readdir(directory)).includes(sealedFile);
  const closed = isSealed ? stages.find(({ stage }) => stage === 'closed') : undefined;
  await write(suite, out, stages.filter((content) => content !== closed), closed, closed && (await readSuiteKey(dependencies.settings)));
  return stages.flatMap(({ stage, scenarios }) =>
    scenarios.map(({ name, questions }) => {
      const of = suite.stages.find((each) => each.stage === stage)?.scenarios.find((each) => each.name === name)?.questions.length ?? 0;
      return { name, stage, questions: questions.length, of };
    }),
  );
}

function sampled({ stage, scenarios }: SuiteStageContent, budget: number, seed: string): SuiteStageContent {
  const strata = scenarios.map(({ name, questions }) => ({ name, groups: groupsOf(questions) }));
  try {
    return { stage, scenarios: coarseRound(strata, budget, seed).map(({ name, groups }) => ({ name, questions: groups.flat() })) };
  } catch (error) {
    if (error instanceof RangeError) throw invalid(`the ${stage} stage`, error.message);
    throw error;
  }
}

/** Each question with its perturbed copies. */
function groupsOf(questions: readonly Question[]): Question[][] {
  const groups = new Map<string, Question[]>();
  for (const question of questions) {
    const of = question.perturbation?.of ?? question.id;
    groups.set(of, [...(groups.get(of) ?? []), question]);
  }
  return [...groups.values()];
}

async function write(
  { name, described }: SuiteFiles,
  out: string,
  plain: readonly SuiteStageContent[],
  sealed: SuiteStageContent | undefined,
  key: Awaited<ReturnType<typeof readSuiteKey>> | undefined,
): Promise<void> {
  if ((await readdir(out).catch(() => [])).length > 0) throw invalid(out, 'is not empty');
  await mkdir(out, { recursive: true });
  const scenarios: NonNullable<SuiteDescription['scenarios']> = [];
  // Nothing of a sealed scenario stands in the open, not even a hash that a guess of one question could be checked by. The canary, which
  // follows from all questions together, stays: it is there to be searched for.
  for (const { stage, scenarios: all } of plain) {
    await mkdir(join(out, stage), { recursive: true });
    for (const scenario of all) {
      const text = scenario.questions.map((question) => `${canonicalJson(question)}\n`).join('');
      const version = described.scenarios?.find((each) => each.stage === stage && each.name === scenario.name)?.version;
      const sha256 = createHash('sha256').update(text).digest('hex');
      scenarios.push({ name: scenario.name, stage, ...(version === undefined ? {} : { version }), questions: scenario.questions.length, sha256 });
      await writeFile(join(out, stage, `${scenario.name}.jsonl`), text);
    }
  }
  if (sealed && key) await writeFile(join(out, sealedFile), sealStage(key, sealed));
  await writeFile(join(out, 'suite.yaml'), stringify({ ...described, name, scenarios }, { lineWidth: 0 }));
}
