import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type JsonPath, parseLocated, showPath } from '../../domain/located-json.ts';
import { failure } from '../failure.ts';

const Perturbation = z.looseObject({ name: z.string(), robustness: z.boolean().optional(), fairness: z.boolean().optional() });
export type Perturbation = z.infer<typeof Perturbation>;

const Instance = z.object({
  id: z.string(),
  split: z.string().optional(),
  sub_split: z.string().optional(),
  perturbation: Perturbation.optional(),
  references: z.array(z.object({ output: z.object({ text: z.string() }), tags: z.array(z.string()) })),
});

const Completion = z.object({
  text: z.string(),
  logprob: z.number(),
  tokens: z.array(z.object({ text: z.string(), logprob: z.number() })),
  finish_reason: z.looseObject({ reason: z.string() }).optional(),
});

const RequestState = z.object({
  instance: Instance,
  reference_index: z.number().optional(),
  train_trial_index: z.number().int(),
  output_mapping: z.record(z.string(), z.string()).optional(),
  request: z.object({ echo_prompt: z.boolean().optional() }),
  result: z.object({
    completions: z.array(Completion).min(1),
    request_time: z.number().optional(),
    batch_size: z.number().optional(),
    batch_request_time: z.number().optional(),
  }),
  num_train_instances: z.number(),
  prompt_truncated: z.boolean(),
  num_conditioning_tokens: z.number().default(0),
});
export type RequestState = z.infer<typeof RequestState>;

const AdapterSpec = z.object({
  method: z.string(),
  num_outputs: z.number().int(),
  num_train_trials: z.number().int().min(1),
  output_mapping_pattern: z.string().optional(),
});
export type AdapterSpec = z.infer<typeof AdapterSpec>;

const MetricSpec = z.object({ class_name: z.string(), args: z.record(z.string(), z.unknown()).default({}) });
export type MetricSpec = z.infer<typeof MetricSpec>;

const Stat = z.object({
  name: z.object({ name: z.string(), split: z.string().optional(), sub_split: z.string().optional(), perturbation: Perturbation.optional() }),
  count: z.number(),
  mean: z.number().optional(),
});
export type Stat = z.infer<typeof Stat>;

const files = {
  'run_spec.json': z.object({ metric_specs: z.array(MetricSpec) }),
  'scenario_state.json': z.object({ adapter_spec: AdapterSpec, request_states: z.array(RequestState) }),
  'per_instance_stats.json': z.array(
    z.object({ instance_id: z.string(), perturbation: Perturbation.optional(), train_trial_index: z.number().int(), stats: z.array(Stat) }),
  ),
  'stats.json': z.array(Stat),
};
type FileName = keyof typeof files;

export interface HelmRun {
  metricSpecs: MetricSpec[];
  adapter: AdapterSpec;
  states: RequestState[];
  perInstanceStats: z.infer<(typeof files)['per_instance_stats.json']>;
  stats: Stat[];
}

/** Reads the files of one run of HELM 0.5. Throws HELM_RUN_INVALID naming file, line and place of what is not as it should be. */
export async function readHelmRun(directory: string): Promise<HelmRun> {
  const runSpec = await readJson(directory, 'run_spec.json');
  await checkVersion(directory, directory, runSpec.metric_specs);
  const state = await readJson(directory, 'scenario_state.json');
  return {
    metricSpecs: runSpec.metric_specs,
    adapter: state.adapter_spec,
    states: state.request_states,
    perInstanceStats: await readJson(directory, 'per_instance_stats.json'),
    stats: await readJson(directory, 'stats.json'),
  };
}

async function readJson<Name extends FileName>(directory: string, name: Name): Promise<z.infer<(typeof files)[Name]>> {
  const path = join(directory, name);
  const text = await readText(path);
  const parsed = files[name].safeParse(parseJson(text, path));
  if (parsed.success) return parsed.data as z.infer<(typeof files)[Name]>;
  const issue = parsed.error.issues[0];
  const place = (issue?.path ?? []) as JsonPath;
  throw failure('HELM_RUN_INVALID', `${path} line ${parseLocated(text).lineOf(place)}, ${showPath(place)}: ${issue?.message}; is it of another version than 0.5?`);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : `cannot be read (${(error as Error).message})`;
    throw failure('HELM_RUN_INVALID', `${path} ${reason}`, { cause: error });
  }
}

/** Python writes NaN, which JSON.parse refuses; the slower reader takes it, and names the line of what is really broken. */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    try {
      return parseLocated(text).value;
    } catch (error) {
      throw failure('HELM_RUN_INVALID', `${path} ${(error as Error).message}`, { cause: error });
    }
  }
}

/** Before 0.4 the metrics had other homes and rules: helm.benchmark.basic_metrics.BasicMetric. */
export async function checkVersion(directory: string, shown: string, specs: readonly MetricSpec[]): Promise<void> {
  const old = specs.find(
    ({ class_name: name }) => (name.startsWith('helm.benchmark.') && !name.startsWith('helm.benchmark.metrics.')) || name.endsWith('.BasicMetric'),
  );
  if (!old) return;
  const [path, place] = [join(directory, 'run_spec.json'), ['metric_specs', specs.indexOf(old), 'class_name']];
  const line = parseLocated(await readText(path)).lineOf(place);
  throw failure('HELM_RUN_INVALID', `${join(shown, 'run_spec.json')} line ${line}, ${showPath(place)}: the metric ${old.class_name} is of another HELM version than 0.5`);
}
