import { z } from 'zod';
import { Artifact, Sha256 } from './artifact.ts';

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
});
export type Question = z.infer<typeof Question>;

/** A scenario = one JSONL file, `<suite>/<stage>/<scenario>.jsonl`; its name is the file's. */
export const Scenario = z.object({ name: z.string(), questions: z.array(Question).min(1) });
export type Scenario = z.infer<typeof Scenario>;

/**
 * A suite in the store. The open stage is kept as it is, the closed one encrypted; `questionsSha256` is the hash of the plain
 * text, so that an auditor with the key can tell that the right questions were decrypted.
 */
export const StoredSuite = z.object({
  schema: z.literal('reprise.suite/v1'),
  name: z.string(),
  stages: z.record(
    SuiteStage,
    z.object({
      artifact: Artifact,
      encrypted: z.boolean(),
      questionsSha256: Sha256,
      scenarios: z.array(z.object({ name: z.string(), questions: z.number().int() })),
    }),
  ),
});
export type StoredSuite = z.infer<typeof StoredSuite>;

/** The text that is stored (open) or encrypted (closed) for one stage. */
export const SuiteStageContent = z.object({ stage: SuiteStage, scenarios: z.array(Scenario) });
export type SuiteStageContent = z.infer<typeof SuiteStageContent>;
