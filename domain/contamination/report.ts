import { z } from 'zod';
import { SuiteStage } from '../suite.ts';

/** Where in the training data something was found first. */
const Place = z.object({ file: z.string(), line: z.number().int() });
export type Place = z.infer<typeof Place>;

/** One question that the training data may hold; ids and places only, never its text. */
export const FoundQuestion = z.object({
  id: z.string(),
  stage: SuiteStage,
  scenario: z.string(),
  /** Its n-grams, and how many of them stand in the training data. */
  ngrams: z.number().int(),
  found: z.number().int(),
  first: Place.nullable(),
  /** The training document most like it, where one is like it at all. */
  nearest: Place.extend({ similarity: z.number() }).nullable(),
});
export type FoundQuestion = z.infer<typeof FoundQuestion>;

export const ContaminationReport = z.object({
  schema: z.literal('reprise.contamination/v1'),
  /** Tokens of an n-gram, of a MinHash shingle, and the similarity from which a document counts as near. */
  method: z.object({ ngramTokens: z.number().int(), shingleTokens: z.number().int(), permutations: z.number().int(), similarity: z.number() }),
  training: z.object({ files: z.array(z.string()), documents: z.number().int(), tokens: z.number().int() }),
  scenarios: z.array(
    z.object({
      name: z.string(),
      stage: SuiteStage,
      questions: z.number().int(),
      /** Too short for an n-gram of at least eight tokens of their own: nothing can be said of them. */
      unchecked: z.number().int(),
      overlapping: z.number().int(),
      near: z.number().int(),
    }),
  ),
  questions: z.array(FoundQuestion),
});
export type ContaminationReport = z.infer<typeof ContaminationReport>;
