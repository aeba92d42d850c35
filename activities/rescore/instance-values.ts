import { tokenBytes } from '../../domain/metrics/confidence.ts';
import { metricNames, scoreCompletion } from '../../domain/metrics/index.ts';
import type { AdapterSpec, RequestState } from './run-directory.ts';

export type Values = Map<string, number>;

/**
 * What HELM 0.5.16's BasicGenerationMetric gives one request (helm/benchmark/metrics/basic_metrics.py, evaluate_generation), as far
 * as it follows from what is stored; tokens of the prompt, for instance, do not.
 */
export function instanceValues(state: RequestState, adapter: AdapterSpec, names: readonly string[]): Values {
  const values: Values = new Map();
  for (const [name, value] of [...requestValues(state, adapter), ...referenceValues(state, adapter, names), ...languageValues(state)]) {
    values.set(name, value);
  }
  return values;
}

type Pairs = [name: string, value: number][];

const finishReasons = ['length', 'stop', 'endoftext', 'unknown'];

function requestValues(state: RequestState, adapter: AdapterSpec): Pairs {
  const { result } = state;
  const tokens = result.completions.reduce((sum, completion) => sum + completion.tokens.length, 0);
  const given = result.completions[0]?.finish_reason?.reason;
  const reason = given !== undefined && finishReasons.includes(given) ? given : 'unknown';
  const isBatch = result.batch_request_time !== undefined && result.batch_size !== undefined;
  const runtime = isBatch ? result.batch_request_time : result.request_time;
  return [
    ['num_references', state.instance.references.length],
    ['num_train_trials', adapter.num_train_trials],
    ['num_completion_tokens', tokens],
    // With an echoed prompt its tokens would have to be counted, which needs the tokenizer.
    ...(state.request.echo_prompt === true ? [] : ([['num_output_tokens', tokens]] satisfies Pairs)),
    ...(runtime === undefined ? [] : ([['inference_runtime', runtime], ['batch_size', isBatch ? (result.batch_size ?? 1) : 1]] satisfies Pairs)),
    ...finishReasons.map((each): [string, number] => [`finish_reason_${each}`, Number(each === reason)]),
    ['num_train_instances', state.num_train_instances],
    ['prompt_truncated', Number(state.prompt_truncated)],
  ];
}

function referenceValues(state: RequestState, adapter: AdapterSpec, names: readonly string[]): Pairs {
  const { instance, result, output_mapping: choices } = state;
  if (instance.references.length === 0) return [];
  const references = instance.references.filter(({ tags }) => tags.includes('correct')).map(({ output }) => output.text);
  const sorted = [...result.completions].sort((a, b) => b.logprob - a.logprob);
  const pattern = choices && adapter.output_mapping_pattern;
  const valueOf = (name: string, text: string): number => scoreCompletion(name, { text, references, choices, pattern }) ?? 0;
  const pairs: Pairs = [['max_prob', Math.exp(sorted[0]?.logprob ?? 0)]];
  for (const name of names.filter((each) => metricNames.has(each))) {
    const values = sorted.map(({ text }) => valueOf(name, text));
    pairs.push([name, values[0] ?? 0]);
    if (adapter.num_outputs !== 1) pairs.push([`${name}@${adapter.num_outputs}`, Math.max(...values)]);
  }
  return pairs;
}

function languageValues({ result, num_conditioning_tokens: conditioning }: RequestState): Pairs {
  const tokens = result.completions[0]?.tokens ?? [];
  const skipped = conditioning + (conditioning > 0 && tokens[0]?.text === '' ? 1 : 0);
  const predicted = tokens.slice(skipped);
  return [
    ['logprob', predicted.reduce((sum, { logprob }) => sum + logprob, 0)],
    ['num_perplexity_tokens', predicted.length],
    ['num_bytes', predicted.reduce((sum, { text }) => sum + tokenBytes(text), 0)],
  ];
}
