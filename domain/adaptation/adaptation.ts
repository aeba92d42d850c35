import { z } from 'zod';

const AdaptationMethod = z.enum(['generation', 'multiple_choice_joint']);
type AdaptationMethod = z.infer<typeof AdaptationMethod>;

/**
 * How instances become prompts: the fields of HELM 0.5.16's AdapterSpec that decide the text of a prompt and how it is asked
 * (helm/benchmark/adaptation/adapter_spec.py), with its defaults, except that nothing is sampled (temperature 0).
 */
export const Adaptation = z.strictObject({
  method: AdaptationMethod.default('generation'),
  /** Stands before and after everything. */
  globalPrefix: z.string().default(''),
  globalSuffix: z.string().default(''),
  /** The first block of the prompt. */
  instructions: z.string().default(''),
  inputPrefix: z.string().default('Input: '),
  inputSuffix: z.string().default('\n'),
  /** Before each option; its first letter or digit is counted on: "A. ", "B. ", … */
  referencePrefix: z.string().regex(/[\p{L}\p{N}]/u, 'has no letter to count on').default('A. '),
  referenceSuffix: z.string().default('\n'),
  outputPrefix: z.string().default('Output: '),
  outputSuffix: z.string().default('\n'),
  /** Between instructions, examples and question. */
  instancePrefix: z.string().default('\n'),
  /** Solved examples before the question, at most; drawn from the split `train`. */
  examples: z.number().int().min(0).max(100).default(5),
  /** Seed of the examples: HELM's train_trial_index. */
  trial: z.number().int().min(0).default(0),
  /** False: the examples are taken in the order of the file instead of drawn. */
  drawExamples: z.boolean().default(true),
  /** Whether all correct references stand in an example's answer, or the first alone. */
  multiLabel: z.boolean().default(false),
  maxNewTokens: z.number().int().min(1).max(8_192).default(100),
  temperature: z.number().min(0).max(2).default(0),
  stop: z.array(z.string()).default([]),
  /** Tokens of prompt and answer together. */
  window: z.number().int().min(16).max(1_000_000).default(2_048),
});
export type Adaptation = z.infer<typeof Adaptation>;
