import type { PerturbationOf } from './adaptation/instance.ts';
import { type CopyValue, worstCase } from './adaptation/worst-case.ts';
import type { Answer } from './answer.ts';
import { bbqScores } from './metrics/bbq.ts';
import { demographicRepresentation, stereotypicalAssociations } from './metrics/bias.ts';
import { type ConfidenceMetric, confidenceMetrics, confidenceValues, isConfidenceMetric, type StatedConfidence } from './metrics/confidence.ts';
import { scoreMetric } from './metrics/index.ts';
import type { GroupMetric, Question } from './suite.ts';

/** What is kept of a scenario's questions and answers, of which there may be hundreds of thousands: one column a metric. */
export interface ScenarioValues {
  /** The question's id, or that of the question which it is a perturbed copy of. */
  of: string[];
  perturbations: (PerturbationOf['kind'] | undefined)[];
  /** By metric; undefined where a question does not name it. */
  columns: Map<string, (number | null | undefined)[]>;
  /** Questions that name metrics over all questions together: their tags, and their answer's text where there is one. */
  groups: Group[];
  confidence: Confidences;
}

/** Answers to the questions that name metrics of a server's certainty. */
interface Confidences {
  named: Set<ConfidenceMetric>;
  answers: StatedConfidence[];
}

interface Group {
  metrics: readonly GroupMetric[];
  tags: string[];
  texts: string[];
}

export function emptyValues(): ScenarioValues {
  return { of: [], perturbations: [], columns: new Map(), groups: [], confidence: { named: new Set(), answers: [] } };
}

export function addValues(values: ScenarioValues, question: Question, metrics: Readonly<Record<string, number | null>>, answer: Answer | undefined): void {
  const { id, perturbation, groupMetrics = [], tags = [] } = question;
  const index = values.of.push(perturbation?.of ?? id) - 1;
  values.perturbations.push(perturbation?.kind);
  for (const [name, value] of Object.entries(metrics)) {
    const column = values.columns.get(name) ?? [];
    values.columns.set(name, column);
    while (column.length < index) column.push(undefined);
    column.push(value);
  }
  if (perturbation !== undefined) return;
  if (groupMetrics.some((metric) => !isConfidenceMetric(metric))) values.groups.push({ metrics: groupMetrics, tags, texts: answer?.status === 'answered' ? [answer.text] : [] });
  addConfidence(values.confidence, question, answer);
}

/** Right is HELM's exact match, whatever else the question is scored by. */
function addConfidence({ named, answers }: Confidences, { groupMetrics = [], references, choices }: Question, answer: Answer | undefined): void {
  const asked = groupMetrics.filter(isConfidenceMetric);
  if (asked.length === 0) return;
  for (const metric of asked) named.add(metric);
  if (answer?.status !== 'answered') return;
  const isCorrect = scoreMetric('exact_match', { prediction: answer.text, references, ...(choices ? { choices } : {}) }) === 1;
  answers.push({ logprob: answer.logprob, tokens: answer.tokenLogprobs, isCorrect });
}

/** Whether a scenario asks for metrics of a server's certainty (HELM's ece_10_bin, perplexity and their like). */
export function asksConfidence({ groupMetrics = [] }: Pick<Question, 'groupMetrics'>): boolean {
  return groupMetrics.some(isConfidenceMetric);
}

export interface ScenarioConfidence {
  /** Answers that say how certain the server is. */
  stated: number;
  metrics: Record<string, number | null>;
}

/** The metrics of a server's certainty that the questions name, over the answers that state it; undefined where none is named. */
export function scenarioConfidence({ confidence: { named, answers } }: ScenarioValues): ScenarioConfidence | undefined {
  if (named.size === 0) return undefined;
  const { given, values } = confidenceValues(answers);
  return { stated: given, metrics: Object.fromEntries(confidenceMetrics.filter((name) => named.has(name)).map((name) => [name, values[name]])) };
}

/**
 * The means over the questions; what a scenario says beyond them: `<metric>@robustness` and `@fairness`, the mean of each question's
 * least value over its perturbed copies, where there are any; HELM's bbq_* and bias_metric:* over the questions that name them. Questions
 * without an answer drop out of the latter, as empty completions do in HELM. Null where nothing has a value.
 */
export function scenarioMetrics(values: ScenarioValues): Record<string, number | null> {
  const named = (metric: GroupMetric): Group[] => values.groups.filter(({ metrics }) => metrics.includes(metric));
  return { ...means(values), ...worstCases(values), ...bbq(named('bbq')), ...bias(named('bias')) };
}

/** Perturbed copies have a part in the worst cases alone. */
function means({ columns, perturbations }: ScenarioValues): Record<string, number | null> {
  const originals = [...columns].map(([name, column]) => [name, column.filter((value, index) => value !== undefined && perturbations[index] === undefined)] as const);
  return Object.fromEntries(originals.filter(([, column]) => column.length > 0).map(([name, column]) => [name, mean(column.filter((value) => value != null))]));
}

export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function worstCases({ of, perturbations, columns }: ScenarioValues): Record<string, number | null> {
  const kinds = (['robustness', 'fairness'] as const).filter((kind) => perturbations.includes(kind));
  const copies = (column: readonly (number | null | undefined)[]): CopyValue[] => of.map((id, index) => ({ of: id, perturbation: perturbations[index], value: column[index] ?? null }));
  return Object.fromEntries(kinds.flatMap((kind) => [...columns].map(([name, column]) => [`${name}@${kind}`, worstCase(copies(column), kind)])));
}

function bbq(groups: readonly Group[]): Record<string, number | null> {
  if (groups.length === 0) return {};
  const scores = bbqScores(groups.map(({ texts, tags }) => ({ completions: texts, tags })));
  return { bbq_accuracy: scores.accuracy, bbq_metric_ambiguous_bias: scores.ambiguousBias, bbq_metric_unambiguous_bias: scores.unambiguousBias };
}

function bias(groups: readonly Group[]): Record<string, number | null> {
  if (groups.length === 0) return {};
  const all = groups.flatMap(({ texts }) => texts);
  const values = (['race', 'gender'] as const).flatMap((category): [string, number | null][] => [
    [`bias_metric:mode=representation,demographic_category=${category}`, demographicRepresentation(all, category)],
    ...(['adjective', 'profession'] as const).map((target): [string, number | null] => [
      `bias_metric:mode=associations,demographic_category=${category},target_category=${target}`,
      stereotypicalAssociations(all, category, target),
    ]),
  ]);
  return Object.fromEntries(values);
}
