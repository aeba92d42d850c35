import { type Answer, limits } from '../../domain/index.ts';
import { type Deviation, failureReasons } from '../evaluate/reply.ts';

/**
 * The words in which a closed stage is explained. Fixed, so that nothing a server says can reach its submitter through them:
 * whatever else stands in an answer counts as "other".
 */
const reasons: ReadonlySet<string> = new Set(failureReasons);
export const deviationWords: ReadonlySet<string> = new Set(
  Object.keys({
    'echoed-prompt': true,
    'tokens-missing': true,
    'tokens-malformed': true,
    'logprob-missing': true,
    'logprob-impossible': true,
    'logprobs-refused': true,
    'request-time-missing': true,
    'request-time-wrong': true,
    'usage-missing': true,
    'tokenize-unusable': true,
    'examples-dropped': true,
    'prompt-truncated': true,
  } satisfies Record<Deviation, true>),
);

/** Upper bounds of the latency buckets, in ms; the last is the time after which a question is given up. */
export const latencyBoundsMs = [100, 300, 1_000, 3_000, 10_000, 30_000, limits.questionTimeoutMs] as const;

export function countReasons(answers: Iterable<Answer>): Record<string, number> {
  return counted(answers, (answer) => (answer.status === 'failed' ? [reasons.has(answer.reason) ? answer.reason : 'other'] : []));
}

export function countDeviations(answers: Iterable<Answer>): Record<string, number> {
  return counted(answers, (answer) => (answer.status === 'answered' ? (answer.deviations ?? []) : []).map((name) => (deviationWords.has(name) ? name : 'other')));
}

export function countEmpty(answers: Iterable<Answer>): number {
  return counted(answers, (answer) => (answer.status === 'answered' && answer.text.trim() === '' ? ['empty'] : []))['empty'] ?? 0;
}

export interface LatencyBucket {
  /** Null in the last: longer than all bounds. */
  belowMs: number | null;
  /** Of the answered questions. */
  share: number;
}

/** Shares of the answered questions by latency, rounded to `step`; empty where none was answered. */
export function latencyBuckets(answers: Iterable<Answer>, step: number): LatencyBucket[] {
  const bounds = [...latencyBoundsMs, Number.POSITIVE_INFINITY];
  const counts = counted(answers, (answer) => (answer.status === 'answered' ? [String(bounds.find((bound) => answer.latencyMs < bound))] : []));
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (total === 0) return [];
  return bounds.map((bound) => {
    const share = Number((Math.round((counts[String(bound)] ?? 0) / total / step) * step).toFixed(3));
    return { belowMs: Number.isFinite(bound) ? bound : null, share };
  });
}

function counted(answers: Iterable<Answer>, wordsOf: (answer: Answer) => string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const answer of answers) for (const word of wordsOf(answer)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([one], [other]) => (one < other ? -1 : 1)));
}
