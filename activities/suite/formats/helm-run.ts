import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { GenerationSettings, type GroupMetric, type Question } from '../../../domain/index.ts';
import { type JsonPath, parseLocated, showPath } from '../../../domain/located-json.ts';
import { metricNames } from '../../../domain/metrics/index.ts';
import { failure } from '../../failure.ts';
import { checkVersion, parseJson } from '../../rescore/run-directory.ts';
import type { FinishedFormat } from './format.ts';

const Reference = z.object({ output: z.object({ text: z.string() }), tags: z.array(z.string()).default([]) });
const Perturbation = z.object({ name: z.string(), robustness: z.boolean().default(false), fairness: z.boolean().default(false) });
const RequestState = z.object({
  instance: z.object({ id: z.string(), references: z.array(Reference), perturbation: Perturbation.optional() }),
  train_trial_index: z.number().int(),
  reference_index: z.number().optional(),
  output_mapping: z.record(z.string(), z.string()).optional(),
  request: z.object({ prompt: z.string(), max_tokens: z.number().int(), temperature: z.number(), stop_sequences: z.array(z.string()).default([]) }),
});
const ScenarioState = z.object({ adapter_spec: z.object({ method: z.string() }), request_states: z.array(RequestState).min(1) });
const RunSpec = z.object({ metric_specs: z.array(z.object({ class_name: z.string(), args: z.record(z.string(), z.unknown()).default({}) })) });

/**
 * A run directory of HELM 0.5 (a dry run will do): the finished prompts of scenario_state.json, and of run_spec.json those metrics that
 * are known here. Items are as HELM asked them; several trials of one instance become several questions.
 */
export const helmRun: FinishedFormat = {
  kind: 'finished',
  questions: async (path, name) => {
    const { adapter_spec: adapter, request_states: states } = await readJson(path, name, 'scenario_state.json', ScenarioState);
    const spec = await readJson(path, name, 'run_spec.json', RunSpec);
    await checkVersion(path, name, spec.metric_specs);
    const metrics = metricsOf(spec);
    if (metrics.names.length + metrics.groups.length === 0) throw failure('HELM_RUN_INVALID', `${name}/run_spec.json names no metric that is known here`);
    if (!['generation', 'multiple_choice_joint'].includes(adapter.method)) {
      throw failure('HELM_RUN_INVALID', `${name}/scenario_state.json is adapted by ${adapter.method}; generation and multiple_choice_joint can be asked`);
    }
    return states.map((state) => questionOf(state, metrics));
  },
};

interface Metrics {
  names: string[];
  groups: GroupMetric[];
}

function questionOf(state: z.infer<typeof RequestState>, { names, groups }: Metrics): Question {
  const { instance, request, output_mapping: choices, train_trial_index: trial } = state;
  const of = trial === 0 ? instance.id : `${instance.id}.${trial}`;
  const { perturbation } = instance;
  const golds = instance.references.filter(({ tags }) => tags.includes('correct')).map(({ output }) => output.text);
  const tags = instance.references[0]?.tags.filter((tag) => tag !== 'correct') ?? [];
  return {
    id: perturbation ? `${of}~${perturbation.name}` : of,
    prompt: request.prompt,
    references: golds.length > 0 ? golds : [''],
    ...(choices ? { choices } : {}),
    generation: GenerationSettings.parse({ maxNewTokens: Math.max(request.max_tokens, 1), ...(request.temperature > 0 ? { temperature: request.temperature } : {}), stop: request.stop_sequences }),
    // A run of group metrics alone has no references either; a suite wants one metric of each question.
    metrics: names.length > 0 ? names : ['exact_match'],
    ...(groups.length > 0 ? { groupMetrics: groups } : {}),
    ...(tags.length > 0 ? { tags } : {}),
    ...(perturbation ? { perturbation: { name: perturbation.name, kind: perturbation.fairness ? 'fairness' : 'robustness', of } } : {}),
  };
}

function metricsOf({ metric_specs: specs }: z.infer<typeof RunSpec>): Metrics {
  const named = specs.flatMap(({ args }) => (Array.isArray(args['names']) ? args['names'].map(String) : []));
  const groups: [string, GroupMetric][] = [['.BBQMetric', 'bbq'], ['.BiasMetric', 'bias']];
  return {
    names: [...new Set(named.filter((name) => metricNames.has(name)))],
    groups: groups.flatMap(([ending, group]) => (specs.some(({ class_name: name }) => name.endsWith(ending)) ? [group] : [])),
  };
}

async function readJson<T>(path: string, name: string, file: string, schema: z.ZodType<T>): Promise<T> {
  const text = await readFile(join(path, file), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw failure('HELM_RUN_INVALID', `${name}/${file} ${error.code === 'ENOENT' ? 'is not there' : `cannot be read: ${error.message}`}`);
  });
  const parsed = schema.safeParse(parseJson(text, `${name}/${file}`));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = (issue?.path ?? []) as JsonPath;
  throw failure('HELM_RUN_INVALID', `${name}/${file} line ${parseLocated(text).lineOf(place)}, ${showPath(place)}: ${issue?.message}; is it of another version than 0.5?`);
}
