import { createHash } from 'node:crypto';
import { canonicalJson, type Question, type SuiteStage } from '../../domain/index.ts';
import { metricNames } from '../../domain/metrics/index.ts';
import { openSealedWith, type SuiteDependencies } from '../intake/suite.ts';
import { readSuiteFiles, readSuiteWithProblems, type SuiteFiles } from '../intake/suite-files.ts';

export type SuiteSettings = Pick<SuiteDependencies, 'settings'>;

export interface ScenarioView {
  name: string;
  stage: SuiteStage;
  version?: string;
  /** Perturbed copies included. */
  questions: number;
  perturbed: number;
  metrics: string[];
  promptBytes: { total: number; most: number };
  /** Of the questions in canonical JSON, so that it is the same in whatever file they stand. */
  sha256: string;
}

export interface SuiteView {
  schema: 'reprise.suite-view/v1';
  name: string;
  version?: string;
  canary?: string;
  scenarios: ScenarioView[];
}

/** A suite's counts, metrics, sizes and hashes, without a text of it. Failures: SUITE_INVALID, SUITE_KEY_MISSING where it is sealed. */
export async function viewSuite(dependencies: SuiteSettings, directory: string): Promise<SuiteView> {
  const suite = await readSuiteFiles(directory, metricNames, openSealedWith(dependencies));
  const { version, canary, scenarios = [] } = suite.described;
  const views = suite.stages.flatMap(({ stage, scenarios: all }) =>
    all.map(({ name, questions }) => scenarioView(stage, name, questions, scenarios.find((each) => each.stage === stage && each.name === name)?.version)),
  );
  return { schema: 'reprise.suite-view/v1', name: suite.name, ...(version === undefined ? {} : { version }), ...(canary === undefined ? {} : { canary }), scenarios: views };
}

function scenarioView(stage: SuiteStage, name: string, questions: readonly Question[], version: string | undefined): ScenarioView {
  const sizes = questions.map(({ prompt }) => Buffer.byteLength(prompt));
  return {
    name,
    stage,
    ...(version === undefined ? {} : { version }),
    questions: questions.length,
    perturbed: questions.filter(({ perturbation }) => perturbation !== undefined).length,
    metrics: [...new Set(questions.flatMap(({ metrics, groupMetrics = [] }) => [...metrics, ...groupMetrics]))],
    promptBytes: { total: sizes.reduce((sum, size) => sum + size, 0), most: sizes.reduce((most, size) => Math.max(most, size), 0) },
    sha256: createHash('sha256').update(canonicalJson(questions)).digest('hex'),
  };
}

export interface LintReport {
  schema: 'reprise.suite-lint/v1';
  /** With these `start` refuses the suite; each names file and line. */
  errors: string[];
  warnings: string[];
}

/** Everything that is wrong with a suite, and what is probably not meant. Of closed questions no text is said. */
export async function lintSuite(dependencies: SuiteSettings, directory: string): Promise<LintReport> {
  const { suite, problems } = await readSuiteWithProblems(directory, metricNames, openSealedWith(dependencies));
  return { schema: 'reprise.suite-lint/v1', errors: problems, warnings: problems.length > 0 ? [] : warningsOf(suite) };
}

/** Line numbers hold only where every line was a question, so warnings come when there are no errors. */
function warningsOf({ stages, described }: SuiteFiles): string[] {
  const warnings: string[] = [];
  const prompts = new Map<string, string>();
  const ids = new Set(stages.flatMap(({ scenarios }) => scenarios.flatMap(({ questions }) => questions.map(({ id }) => id))));
  for (const { stage, scenarios } of stages) {
    for (const { name, questions } of scenarios) {
      questions.forEach((question, index) => {
        const where = `${stage}/${name}.jsonl line ${index + 1}`;
        const earlier = prompts.get(question.prompt);
        if (earlier === undefined) prompts.set(question.prompt, where);
        else warnings.push(`${where}: has the same prompt as ${earlier}`);
        warnings.push(...questionWarnings(question, ids, described.canary).map((what) => `${where}: ${what}`));
      });
    }
    if (stage === 'closed' && described.canary === undefined) warnings.push('suite.yaml: names no canary, by which a leaked closed stage would be found in training data');
  }
  return warnings;
}

function questionWarnings({ prompt, references, choices, perturbation, tags, groupMetrics, canary }: Question, ids: ReadonlySet<string>, expected: string | undefined): string[] {
  const options = new Set(Object.values(choices ?? {}));
  const checks: [boolean, string][] = [
    [prompt.trim() === '', 'the prompt is empty'],
    [references.every((reference) => reference.trim() === ''), 'every reference is empty, so no answer is right'],
    [choices !== undefined && !references.some((reference) => options.has(reference)), 'no reference is one of the choices, so no letter is right'],
    [perturbation !== undefined && !ids.has(perturbation.of), 'it is a perturbed copy of a question that is not there'],
    [groupMetrics?.includes('bbq') === true && (tags?.length ?? 0) < 6, 'bbq needs six tags: polarity, ambiguity and four letters'],
    [expected !== undefined && canary !== expected, 'it does not carry the canary of suite.yaml'],
  ];
  return checks.filter(([isSo]) => isSo).map(([, what]) => what);
}
