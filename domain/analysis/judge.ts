import { z } from 'zod';

/** One judge model behind an OpenAI-compatible endpoint that the operator gives. */
export const Judge = z.strictObject({
  name: z.string().min(1),
  /** Up to and without `/chat/completions`, e.g. http://127.0.0.1:8000/v1. */
  baseUrl: z.url(),
  model: z.string().min(1),
  /** Name of the secret that is sent as bearer token (REPRISE_SECRET_<NAME>). */
  secret: z.string().optional(),
  /** In any one currency, per million tokens. */
  price: z.strictObject({ inputPerMillion: z.number().nonnegative(), outputPerMillion: z.number().nonnegative() }).optional(),
});
export type Judge = z.infer<typeof Judge>;

const defaultRubric = 'How helpful, correct and complete is the answer to the question?';

/** The file that `reprise judge` reads: who judges, by what, and what it may cost. */
export const JudgeDefinition = z
  .strictObject({
    judges: z.array(Judge).min(1),
    rubric: z.string().min(1).default(defaultRubric),
    scale: z.strictObject({ least: z.number().int(), most: z.number().int() }).default({ least: 1, most: 5 }),
    /** In the prices' currency; what would exceed it is not asked. */
    costCap: z.number().nonnegative().optional(),
    maxTokens: z.number().int().min(16).max(8_192).default(512),
  })
  .refine(({ scale }) => scale.least < scale.most, { message: 'the scale ends above where it begins', path: ['scale'] })
  .refine(({ judges }) => new Set(judges.map(({ name }) => name)).size === judges.length, { message: 'two judges have one name', path: ['judges'] })
  .refine(({ judges, costCap }) => costCap === undefined || judges.every(({ price }) => price !== undefined), { message: 'a cap needs the price of every judge', path: ['costCap'] });
export type JudgeDefinition = z.infer<typeof JudgeDefinition>;

const Common = { id: z.string().min(1), prompt: z.string(), reference: z.string().optional() };
export const RubricItem = z.strictObject({ ...Common, answer: z.string() });
export type RubricItem = z.infer<typeof RubricItem>;
export const PairItem = z.strictObject({ ...Common, first: z.string(), second: z.string() });
export type PairItem = z.infer<typeof PairItem>;

export const PairVerdict = z.enum(['first', 'second', 'tie']);
export type PairVerdict = z.infer<typeof PairVerdict>;

/** Why a judge gave no verdict: its reply says none, it could not be asked, or the cap was reached. */
export const NoVerdict = z.enum(['unreadable', 'unavailable', 'cost-cap']);
export type NoVerdict = z.infer<typeof NoVerdict>;

const Verdict = z.object({
  judge: z.string(),
  /** From 0 to 1; of a pair 1 where the first answer is better, 0.5 for a tie. Null where there is no verdict. */
  value: z.number().nullable(),
  missing: NoVerdict.optional(),
  /** Of a pair: whether the judge said the same with the answers exchanged. */
  consistent: z.boolean().optional(),
});
export type Verdict = z.infer<typeof Verdict>;

/**
 * What judge models say. `ranked` is always false: a judge is a model of its own, and no stage that ranks submissions uses one
 * unless an operator makes a results column of it by hand.
 */
export const Judgement = z.object({
  schema: z.literal('reprise.judgement/v1'),
  mode: z.enum(['rubric', 'pairwise']),
  ranked: z.literal(false),
  judges: z.array(z.object({ name: z.string(), model: z.string(), judged: z.number().int(), mean: z.number().nullable(), consistency: z.number().nullable() })),
  items: z.array(z.object({ id: z.string(), value: z.number().nullable(), verdicts: z.array(Verdict) })),
  mean: z.number().nullable(),
  /** Cohen's kappa of two judges (of a rubric with quadratic weights), Fleiss' of more; over the items that all judged. */
  agreement: z.object({ measure: z.enum(['cohen', 'fleiss']), kappa: z.number().nullable(), items: z.number().int() }).nullable(),
  cost: z.object({ spent: z.number(), cap: z.number().nullable(), requests: z.number().int(), cached: z.number().int(), inputTokens: z.number().int(), outputTokens: z.number().int() }),
});
export type Judgement = z.infer<typeof Judgement>;
