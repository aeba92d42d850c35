import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Adaptation, perturbationNames, Split } from '../../domain/adaptation/index.ts';
import { GroupMetric, Sha256, SuiteStage } from '../../domain/index.ts';
import { metricNames } from '../../domain/metrics/index.ts';
import { invalid } from '../intake/suite-lines.ts';
import { readYaml } from '../intake/suite-yaml.ts';
import { formatNames } from './formats/index.ts';

/** A file or directory that questions are made of, relative to the definition. With `sha256` it must be that one. */
const Source = z.strictObject({ path: z.string().min(1), sha256: Sha256.optional(), split: Split.optional() });

const metric = z.string().refine((name) => metricNames.has(name), { error: `is none of ${[...metricNames].join(', ')}` });
const scenarioName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'is made of letters, digits, dot, hyphen and underscore');

export const ScenarioDefinition = z.strictObject({
  name: scenarioName,
  stage: SuiteStage.default('open'),
  version: z.string().min(1).max(50).default('1'),
  format: z.enum(formatNames),
  files: z.array(Source).min(1),
  /** Of the format. */
  options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  /** Splits that questions are taken from. */
  splits: z.array(Split).min(1).default(['valid', 'test']),
  /** At most so many, drawn as HELM draws them; copies by perturbation come on top. */
  questions: z.number().int().min(1).optional(),
  /** What differs from the format's own adaptation. */
  adaptation: z.partialRecord(z.keyof(Adaptation), z.unknown()).default({}),
  /** The format's own unless given. The first one is the scenario's score. */
  metrics: z.array(metric).min(1).optional(),
  /** Over the scenario as a whole; the format's own unless given. */
  groupMetrics: z.array(GroupMetric).optional(),
  /** Copies with changed words: names of perturbations, or `robustness` and `fairness` for HELM's sets; with a probability other than HELM's usual one. */
  perturbations: z
    .array(
      z.union([z.enum([...perturbationNames, 'robustness', 'fairness']), z.strictObject({ name: z.enum(perturbationNames), probability: z.number().min(0).max(1) })], {
        error: `is none of ${['robustness', 'fairness', ...perturbationNames].join(', ')}, nor one of the last with a probability, as { name: typos, probability: 0.3 }`,
      }),
    )
    .default([]),
});
export type ScenarioDefinition = z.infer<typeof ScenarioDefinition>;

/** What `reprise suite build` makes a suite of. */
export const SuiteDefinition = z.strictObject({
  name: z.string().min(1).max(100),
  version: z.string().min(1).max(50).default('1'),
  description: z.string().max(2_000).optional(),
  /** Word lists that perturbations need, as HELM has them: correct_to_misspelling.json, SAE_to_AAVE_mapping.json, person_names.txt. */
  lists: z.strictObject({ misspellings: Source.optional(), dialect: Source.optional(), names: Source.optional() }).default({}),
  scenarios: z.array(ScenarioDefinition).min(1),
});
export type SuiteDefinition = z.infer<typeof SuiteDefinition>;

/** Reads a definition. Failures: SUITE_INVALID naming file and line of everything that is wrong. */
export async function readDefinition(path: string): Promise<SuiteDefinition> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw invalid(path, `cannot be read: ${(error as Error).message}`);
  });
  const { value, lineOf } = readYaml(path, text, SuiteDefinition);
  const twice = value.scenarios.findIndex((each, index, all) => all.findIndex(({ name }) => name === each.name) !== index);
  if (twice >= 0) throw invalid(path, `line ${lineOf(['scenarios', twice, 'name'])}, scenarios.${twice}.name: stands there twice`);
  return value;
}

/** The adaptation of one scenario. Failures: SUITE_INVALID with the scenario and the field. */
export function adaptationOf(definition: ScenarioDefinition, ofFormat: z.input<typeof Adaptation>): Adaptation {
  const parsed = Adaptation.safeParse({ ...ofFormat, ...definition.adaptation });
  if (parsed.success) return parsed.data;
  throw invalid(`scenario ${definition.name}`, parsed.error.issues.map(({ path, message }) => `adaptation.${path.join('.')}: ${message}`).join('; '));
}
