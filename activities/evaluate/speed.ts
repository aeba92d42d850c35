import type { Answer, SuiteStage } from '../../domain/index.ts';

export interface Speed {
  /** Nearest-rank percentiles of the answered questions' latencies; null where none was answered. */
  latencyMs: { p50: number; p95: number } | null;
  /** Of one request, by the server's own count of tokens; null where it gives none. */
  tokensPerSecond: number | null;
  /** From the first server that could be asked to the first durable answer; null where an earlier attempt had it. */
  firstAnswerMs: number | null;
}

/**
 * How fast a stage was answered. Of the closed stage nothing: its submitter may see this, and a server decides itself when it answers, so
 * that figures could spell a question. Its organiser has them from the sealed answers (`reprise diagnose --organiser`).
 */
export function speedOf(stage: SuiteStage, answers: Iterable<Answer>, firstAnswerMs: number | null): Speed {
  return stage === 'open' ? { ...measure(answers), firstAnswerMs } : { latencyMs: null, tokensPerSecond: null, firstAnswerMs: null };
}

/** Of questions with a count of tokens alone: without it their time says nothing of tokens. */
export function tokensPerSecondOf(answers: Iterable<Answer>): number | null {
  return measure(answers).tokensPerSecond;
}

function measure(answers: Iterable<Answer>): Omit<Speed, 'firstAnswerMs'> {
  const latencies: number[] = [];
  let [tokens, tokensMs] = [0, 0];
  for (const answer of answers) {
    if (answer.status !== 'answered') continue;
    latencies.push(answer.latencyMs);
    if (answer.tokens === undefined) continue;
    tokens += answer.tokens;
    tokensMs += answer.latencyMs;
  }
  const sorted = Float64Array.from(latencies).sort();
  const percentile = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
  return {
    latencyMs: latencies.length === 0 ? null : { p50: percentile(0.5), p95: percentile(0.95) },
    tokensPerSecond: tokensMs > 0 ? Number(((tokens / tokensMs) * 1_000).toFixed(1)) : null,
  };
}
