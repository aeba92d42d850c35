import { createHash } from 'node:crypto';
import { canonicalJson, type Question, type SuiteStage } from '../../domain/index.ts';
import { metricNames } from '../../domain/metrics/index.ts';
import { openSealedWith, type SuiteDependencies } from '../intake/suite.ts';
import { visitSuite } from '../intake/suite-files.ts';
import { startWarnings } from './warnings.ts';

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
  const views: StartedView[] = [];
  const { name, described } = await visitSuite(directory, metricNames, openSealedWith(dependencies), (stage, { scenario, question }) => {
    let view = views.at(-1);
    if (view?.stage !== stage || view.name !== scenario) views.push((view = startView(stage, scenario)));
    view.add(question);
  });
  const { version, canary, scenarios = [] } = described;
  const versionOf = (of: StartedView): string | undefined => scenarios.find((each) => each.stage === of.stage && each.name === of.name)?.version;
  return {
    schema: 'reprise.suite-view/v1',
    name,
    ...(version === undefined ? {} : { version }),
    ...(canary === undefined ? {} : { canary }),
    scenarios: views.map((view) => view.finish(versionOf(view))),
  };
}

interface StartedView {
  stage: SuiteStage;
  name: string;
  add(question: Question): void;
  finish(version: string | undefined): ScenarioView;
}

function startView(stage: SuiteStage, name: string): StartedView {
  const [hash, metrics, promptBytes] = [createHash('sha256').update('['), new Set<string>(), { total: 0, most: 0 }];
  let [questions, perturbed] = [0, 0];
  return {
    stage,
    name,
    add(question) {
      hash.update(`${questions === 0 ? '' : ','}${canonicalJson(question)}`);
      questions += 1;
      if (question.perturbation !== undefined) perturbed += 1;
      for (const metric of [...question.metrics, ...(question.groupMetrics ?? [])]) metrics.add(metric);
      const sizeBytes = Buffer.byteLength(question.prompt);
      promptBytes.total += sizeBytes;
      promptBytes.most = Math.max(promptBytes.most, sizeBytes);
    },
    finish: (version) => ({ name, stage, ...(version === undefined ? {} : { version }), questions, perturbed, metrics: [...metrics], promptBytes, sha256: hash.update(']').digest('hex') }),
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
  const errors: string[] = [];
  const warnings = startWarnings();
  const { described } = await visitSuite(directory, metricNames, openSealedWith(dependencies), warnings.add, ({ message }) => errors.push(message));
  // Line numbers hold only where every line was a question, so warnings come when there are no errors.
  return { schema: 'reprise.suite-lint/v1', errors, warnings: errors.length > 0 ? [] : warnings.finish(described) };
}
