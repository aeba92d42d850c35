import type { Answer, AnswerCounts, RunScores, StageScore } from './answer.ts';
import { type Claim, compareClaim } from './claim.ts';
import { scoreMetric } from './metrics/index.ts';
import { addValues, emptyValues, mean, type ScenarioConfidence, scenarioConfidence, scenarioMetrics, type ScenarioValues } from './scenario-metrics.ts';
import type { Question, SuiteStage } from './suite.ts';

/** One question's result. A metric is null where it has no value for this answer; such a question is left out of its mean. */
export interface ItemScore {
  id: string;
  scenario: string;
  status: Answer['status'];
  metrics: Record<string, number | null>;
}

/** The scores of one stage while its questions come, those of one scenario one after the other; none of them is held. */
export interface StageScorer {
  /** The question's own values. */
  add(scenario: string, question: Question, answer: Answer | undefined): ItemScore;
  finish(): ScoredStage;
}

export interface ScoredStage {
  score: StageScore;
  /** By scenario, the values that its score is the mean of. */
  values: number[][];
  /** What scenarios that ask for it are told of the server's certainty; part of the score in the open stage only. */
  confidence: (ScenarioConfidence & { scenario: string })[];
}

export function startStageScore(stage: SuiteStage): StageScorer {
  const scenarios: ScenarioSoFar[] = [];
  return {
    add(name, question, answer) {
      const item = scoreItem(name, question, answer);
      let scenario = scenarios.at(-1);
      if (scenario?.name !== name) scenarios.push((scenario = { name, counts: { answered: 0, failed: 0, unanswered: 0 }, values: [], kept: emptyValues() }));
      scenario.counts[item.status] += 1;
      const value = item.metrics[question.metrics[0] ?? ''] ?? null;
      if (question.perturbation === undefined && value !== null) scenario.values.push(value);
      addValues(scenario.kept, question, item.metrics, answer);
      return item;
    },
    finish: () => ({
      score: stageScore(stage, scenarios),
      values: scenarios.map(({ values }) => values),
      confidence: scenarios.flatMap(({ name, kept }) => {
        const stated = scenarioConfidence(kept);
        return stated ? [{ scenario: name, ...stated }] : [];
      }),
    }),
  };
}

/**
 * A run's scores. Scenario score = mean of its questions' first metric, stage = arithmetic mean of the scenarios, full = 1/3 open +
 * 2/3 closed (the contest's weights). A question without an answer scores 0 and is counted apart.
 */
export function runScores(open: ScoredStage, closed: ScoredStage | undefined, claim?: Claim): RunScores {
  return {
    schema: 'reprise.run-scores/v1',
    open: open.score,
    closed: closed?.score ?? null,
    full: closed ? (1 / 3) * open.score.score + (2 / 3) * closed.score.score : open.score.score,
    claim: claim ? compareClaim(claim, open.score.score, open.values) : null,
  };
}

interface ScenarioSoFar {
  name: string;
  counts: AnswerCounts;
  /** What its score is the mean of. */
  values: number[];
  kept: ScenarioValues;
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

/**
 * What a server says of its certainty is a number of its own choice for each question: by their mean it could spell questions of the
 * closed stage, so that stage's score has none of it (`reprise diagnose --organiser` does).
 */
function stageScore(stage: SuiteStage, scenarios: readonly ScenarioSoFar[]): StageScore {
  const rows = scenarios.map(({ name, values, kept, counts }) => {
    const told = stage === 'open' ? scenarioConfidence(kept) : undefined;
    return { name, score: mean(values) ?? 0, metrics: { ...scenarioMetrics(kept), ...told?.metrics }, counts: { ...counts }, ...(told ? { stated: told.stated } : {}) };
  });
  return { stage, score: mean(rows.map((row) => row.score)) ?? 0, counts: sumOf(rows.map(({ counts }) => counts)), scenarios: rows };
}

function sumOf(all: readonly AnswerCounts[]): AnswerCounts {
  const sum = (status: keyof AnswerCounts): number => all.reduce((total, counts) => total + counts[status], 0);
  return { answered: sum('answered'), failed: sum('failed'), unanswered: sum('unanswered') };
}
