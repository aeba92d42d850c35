import type { Answer, AnswerCounts, RunScores, StageScore } from './answer.ts';
import { type Claim, compareClaim } from './claim.ts';
import { scoreMetric } from './metrics/index.ts';
import { scenarioMetrics } from './scenario-metrics.ts';
import type { Question, Scenario, SuiteStage, SuiteStageContent } from './suite.ts';

/** One question's result. A metric is null where it has no value for this answer; such a question is left out of its mean. */
export interface ItemScore {
  id: string;
  scenario: string;
  status: Answer['status'];
  metrics: Record<string, number | null>;
}

/**
 * The scores of one run from the suite's questions and the stored answers; pure, so that an audit gets the same digits. Scenario
 * score = mean of its questions' first metric, stage = arithmetic mean of the scenarios, full = 1/3 open + 2/3 closed (the
 * contest's weights). A question without an answer scores 0 and is counted apart. `contents` must hold the open stage.
 */
export function computeScores(
  contents: readonly SuiteStageContent[],
  answers: ReadonlyMap<SuiteStage, readonly Answer[]>,
  claim?: Claim,
): RunScores {
  const scenariosOf = (stage: SuiteStage): ScoredScenario[] | undefined => {
    const content = contents.find((each) => each.stage === stage);
    return content && scoreScenarios(content, answers.get(stage) ?? []);
  };
  const openScenarios = scenariosOf('open');
  if (!openScenarios) throw new TypeError('a run is scored by its open stage, which is missing');
  const open = stageScore('open', openScenarios);
  const closedScenarios = scenariosOf('closed');
  const closed = closedScenarios ? stageScore('closed', closedScenarios) : null;
  return {
    schema: 'reprise.run-scores/v1',
    open,
    closed,
    full: closed ? (1 / 3) * open.score + (2 / 3) * closed.score : open.score,
    claim: claim ? compareClaim(claim, open.score, openScenarios.map((scenario) => scenario.values)) : null,
  };
}

/** Each question's values, in the suite's order. An answer to a question that the suite does not have is left out. */
export function scoreItems(content: SuiteStageContent, answers: readonly Answer[]): ItemScore[] {
  return scoreScenarios(content, answers).flatMap((scenario) => scenario.items);
}

interface ScoredScenario {
  name: string;
  items: ItemScore[];
  /** The values that the scenario's score is the mean of. Perturbed copies have a part in the worst cases alone. */
  values: number[];
  metrics: Record<string, number | null>;
}

function scoreScenarios(content: SuiteStageContent, answers: readonly Answer[]): ScoredScenario[] {
  const answerOf = new Map(answers.map((answer) => [answer.id, answer]));
  return content.scenarios.map(({ name, questions }: Scenario) => {
    const items = questions.map((question) => scoreItem(name, question, answerOf.get(question.id)));
    const isOriginal = (_: unknown, index: number): boolean => questions[index]?.perturbation === undefined;
    const values = items.map((item, index) => item.metrics[questions[index]?.metrics[0] ?? ''] ?? null).filter(isOriginal);
    const scored = questions.map((question, index) => ({ question, metrics: items[index]?.metrics ?? {}, answer: answerOf.get(question.id) }));
    return { name, items, values: present(values), metrics: { ...metricMeans(items.filter(isOriginal)), ...scenarioMetrics(scored) } };
  });
}

/** A metric of an answer is HELM's; of a question without one it is 0, the least of every metric that ranks. */
function scoreItem(scenario: string, { id, references, choices, metrics }: Question, answer: Answer | undefined): ItemScore {
  const valueOf = (metric: string): number | null =>
    answer?.status === 'answered'
      ? scoreMetric(metric, { prediction: answer.text, references, ...(choices ? { choices } : {}) })
      : 0;
  const values = Object.fromEntries(metrics.map((metric) => [metric, valueOf(metric)]));
  return { id, scenario, status: answer?.status ?? 'unanswered', metrics: values };
}

function stageScore(stage: SuiteStage, scenarios: ScoredScenario[]): StageScore {
  const rows = scenarios.map(({ name, items, values, metrics }) => ({
    name,
    score: mean(values) ?? 0,
    metrics,
    counts: countStatuses(items),
  }));
  const counts = countStatuses(scenarios.flatMap((scenario) => scenario.items));
  return { stage, score: mean(rows.map((row) => row.score)) ?? 0, counts, scenarios: rows };
}

function metricMeans(items: ItemScore[]): Record<string, number | null> {
  const names = [...new Set(items.flatMap((item) => Object.keys(item.metrics)))];
  return Object.fromEntries(names.map((name) => [name, mean(present(items.map((item) => item.metrics[name] ?? null)))]));
}

function countStatuses(items: ItemScore[]): AnswerCounts {
  const counts: AnswerCounts = { answered: 0, failed: 0, unanswered: 0 };
  for (const item of items) counts[item.status] += 1;
  return counts;
}

function present(values: (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

function mean(values: number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
