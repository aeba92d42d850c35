import { z } from 'zod';
import { Artifact, Sha256 } from './artifact.ts';
import { confidenceMetrics } from './metrics/confidence.ts';

export const SuiteStage = z.enum(['open', 'closed']);
export type SuiteStage = z.infer<typeof SuiteStage>;

export const GenerationSettings = z.strictObject({
  maxNewTokens: z.number().int().min(1).max(8_192).default(50),
  temperature: z.number().min(0).max(2).default(1e-7),
  topK: z.number().int().min(1).default(1),
  seed: z.number().int().optional(),
  stop: z.array(z.string()).default([]),
});
export type GenerationSettings = z.infer<typeof GenerationSettings>;

/** How a prompt is made to fit: the solved examples that may be cut out of it, as ranges of UTF-16 code units in order. */
export const PromptWindow = z.strictObject({
  /** Tokens of prompt and answer together. */
  tokens: z.number().int().min(16).max(1_000_000),
  examples: z.array(z.tuple([z.number().int().min(0), z.number().int().min(0)])).default([]),
});
export type PromptWindow = z.infer<typeof PromptWindow>;

/** Metrics over all questions of a scenario together: HELM's bbq_* and bias_metric:*, and by their own names those of a server's certainty. */
export const GroupMetric = z.enum(['bbq', 'bias', ...confidenceMetrics]);
export type GroupMetric = z.infer<typeof GroupMetric>;

/**
 * One line of a scenario's JSONL file. `id` is unique in the suite. `references` are the accepted answers. `choices` maps the
 * letter that a multiple-choice prompt asks for to the text it stands for.
 */
export const Question = z.strictObject({
  id: z.string().min(1).max(200),
  prompt: z.string(),
  references: z.array(z.string()).min(1),
  choices: z.record(z.string(), z.string()).optional(),
  generation: GenerationSettings.prefault({}),
  metrics: z.array(z.string().min(1)).min(1),
  groupMetrics: z.array(GroupMetric).optional(),
  /** Tags of HELM's first reference, which bbq reads: polarity and ambiguity, letters of correct, target, non-target and unknown answer. */
  tags: z.array(z.string()).optional(),
  /** Made from the question `of` by changing words; counts for the worst case over the copies, not for the mean. */
  perturbation: z
    .strictObject({ name: z.string().min(1), kind: z.enum(['robustness', 'fairness']), of: z.string().min(1).max(200) })
    .optional(),
  /** Without it the prompt goes out as it stands. */
  window: PromptWindow.optional(),
  /** Never sent: a text by which a copy of the suite is found in training data. */
  canary: z.string().min(1).max(200).optional(),
});
export type Question = z.infer<typeof Question>;

/** `suite.yaml`: what a suite is called, and for each scenario what its file must be. `reprise suite build` writes it. */
export const SuiteDescription = z.strictObject({
  name: z.string().min(1).max(100).optional(),
  description: z.string().max(2_000).optional(),
  version: z.string().min(1).max(50).optional(),
  canary: z.string().min(1).max(200).optional(),
  scenarios: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        stage: SuiteStage,
        version: z.string().min(1).max(50).optional(),
        questions: z.number().int().min(1),
        /** Of the scenario's file; the file must have it. */
        sha256: Sha256,
        /** What it was made of. */
        sources: z.array(z.strictObject({ file: z.string(), sha256: Sha256 })).optional(),
      }),
    )
    .optional(),
});
export type SuiteDescription = z.infer<typeof SuiteDescription>;

/** A scenario = one JSONL file, `<suite>/<stage>/<scenario>.jsonl`; its name is the file's. */
export const Scenario = z.object({ name: z.string(), questions: z.array(Question).min(1) });
export type Scenario = z.infer<typeof Scenario>;

/**
 * A suite in the store. The open stage is kept as it is, the closed one encrypted; `questionsSha256` is the hash of the plain
 * text, so that an auditor can tell that the right questions were read; of an encrypted stage it is keyed (HMAC-SHA-256), so that
 * only who has the key can check a guess by it.
 */
export const StoredSuite = z.object({
  schema: z.literal('reprise.suite/v1'),
  name: z.string(),
  version: z.string().optional(),
  stages: z.partialRecord(
    SuiteStage,
    z.object({
      artifact: Artifact,
      encrypted: z.boolean(),
      /** Names the key of an encrypted stage, without saying anything about it. */
      keyId: z.string().optional(),
      questionsSha256: Sha256,
      scenarios: z.array(z.object({ name: z.string(), questions: z.number().int() })),
    }),
  ),
});
export type StoredSuite = z.infer<typeof StoredSuite>;

/** The text that is stored (open) or encrypted (closed) for one stage. */
export const SuiteStageContent = z.object({ stage: SuiteStage, scenarios: z.array(Scenario) });
export type SuiteStageContent = z.infer<typeof SuiteStageContent>;
