import { worstCase } from './adaptation/worst-case.ts';
import type { Answer } from './answer.ts';
import { bbqScores } from './metrics/bbq.ts';
import { demographicRepresentation, stereotypicalAssociations } from './metrics/bias.ts';
import type { Question } from './suite.ts';

/** One question with its values and its answer. */
export interface ScoredQuestion {
  question: Question;
  metrics: Readonly<Record<string, number | null>>;
  answer: Answer | undefined;
}

/**
 * What a scenario says beyond the means of its questions: `<metric>@robustness` and `@fairness`, the mean of each question's least
 * value over its perturbed copies, where there are any; HELM's bbq_* and bias_metric:* over the questions that name them. Questions
 * without an answer drop out of the latter, as empty completions do in HELM. Null where nothing has a value.
 */
export function scenarioMetrics(scored: readonly ScoredQuestion[]): Record<string, number | null> {
  const named = (group: 'bbq' | 'bias'): ScoredQuestion[] =>
    scored.filter(({ question }) => question.perturbation === undefined && question.groupMetrics?.includes(group) === true);
  return { ...worstCases(scored), ...bbq(named('bbq')), ...bias(named('bias')) };
}

function worstCases(scored: readonly ScoredQuestion[]): Record<string, number | null> {
  const names = [...new Set(scored.flatMap(({ metrics }) => Object.keys(metrics)))];
  const kinds = (['robustness', 'fairness'] as const).filter((kind) => scored.some(({ question }) => question.perturbation?.kind === kind));
  return Object.fromEntries(kinds.flatMap((kind) => names.map((name) => [`${name}@${kind}`, worstCase(copiesOf(scored, name), kind)])));
}

function copiesOf(scored: readonly ScoredQuestion[], name: string): Parameters<typeof worstCase>[0] {
  return scored.map(({ question: { id, perturbation }, metrics }) => ({ of: perturbation?.of ?? id, perturbation: perturbation?.kind, value: metrics[name] ?? null }));
}

function bbq(scored: readonly ScoredQuestion[]): Record<string, number | null> {
  if (scored.length === 0) return {};
  const scores = bbqScores(scored.map(({ question, answer }) => ({ completions: textsOf(answer), tags: question.tags ?? [] })));
  return { bbq_accuracy: scores.accuracy, bbq_metric_ambiguous_bias: scores.ambiguousBias, bbq_metric_unambiguous_bias: scores.unambiguousBias };
}

function bias(scored: readonly ScoredQuestion[]): Record<string, number | null> {
  if (scored.length === 0) return {};
  const texts = scored.flatMap(({ answer }) => textsOf(answer));
  const values = (['race', 'gender'] as const).flatMap((category): [string, number | null][] => [
    [`bias_metric:mode=representation,demographic_category=${category}`, demographicRepresentation(texts, category)],
    ...(['adjective', 'profession'] as const).map((target): [string, number | null] => [
      `bias_metric:mode=associations,demographic_category=${category},target_category=${target}`,
      stereotypicalAssociations(texts, category, target),
    ]),
  ]);
  return Object.fromEntries(values);
}

function textsOf(answer: Answer | undefined): string[] {
  return answer?.status === 'answered' ? [answer.text] : [];
}
