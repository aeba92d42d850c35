import { z } from 'zod';
import { SecretFinding } from './scan.ts';
import { SuiteStage } from './suite.ts';

/**
 * What became of one question. `answered`: the server gave a text, right or wrong. `failed`: it was asked and no usable answer
 * came, `reason` says why. `unanswered`: the deadline came first. The last two score 0 and stay distinguishable.
 */
export const Answer = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('answered'),
    id: z.string(),
    text: z.string(),
    latencyMs: z.number().nonnegative(),
    attempts: z.number().int().min(1),
    deviations: z.array(z.string()).optional(),
    /** Generated tokens and the log-probability of the answer, as the server says; nothing is ranked by them. */
    tokens: z.number().int().nonnegative().optional(),
    logprob: z.number().optional(),
    /** Of the tokens that it gives one by one. */
    tokenLogprobs: z.object({ count: z.number().int().nonnegative(), sum: z.number(), bytes: z.number().int().nonnegative() }).optional(),
    /** What was masked in the text before it was stored. */
    secrets: z.array(SecretFinding).optional(),
  }),
  z.object({ status: z.literal('failed'), id: z.string(), reason: z.string(), attempts: z.number().int().min(1) }),
  z.object({ status: z.literal('unanswered'), id: z.string() }),
]);
export type Answer = z.infer<typeof Answer>;

export const AnswerCounts = z.object({
  answered: z.number().int(),
  failed: z.number().int(),
  unanswered: z.number().int(),
});
export type AnswerCounts = z.infer<typeof AnswerCounts>;

export const StageScore = z.object({
  stage: SuiteStage,
  /** Arithmetic mean over the scenarios' scores, a fraction in [0, 1]. */
  score: z.number(),
  counts: AnswerCounts,
  scenarios: z.array(
    z.object({
      name: z.string(),
      /** The scenario's first metric, averaged over its questions. */
      score: z.number(),
      metrics: z.record(z.string(), z.number().nullable()),
      counts: AnswerCounts,
      /** Answers that say how certain the server is, where a metric asks for it; such metrics are null where there are none. */
      stated: z.number().int().nonnegative().optional(),
    }),
  ),
});
export type StageScore = z.infer<typeof StageScore>;

export const RunScores = z.object({
  schema: z.literal('reprise.run-scores/v1'),
  open: StageScore,
  closed: StageScore.nullable(),
  /** 1/3 open + 2/3 closed; the open score alone where the suite has no closed stage. */
  full: z.number(),
  claim: z
    .object({
      claimed: z.number(),
      measured: z.number(),
      tolerance: z.number(),
      /** 95 % interval of the measured open score. */
      interval: z.tuple([z.number(), z.number()]),
      holds: z.boolean(),
    })
    .nullable(),
});
export type RunScores = z.infer<typeof RunScores>;
