import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { outcomeOf } from '../../../activities/failure.ts';
import { rescoreHelm } from '../../../activities/rescore/index.ts';

const runs = fileURLToPath(new URL('../../fixtures/helm/runs/', import.meta.url));

describe('on runs recorded from helm-run 0.5.16', () => {
  test.each([
    ['words-two-trials', 500],
    ['choices-robustness', 500],
    ['choices-fairness', 300],
    ['bbq', 250],
    ['bias', 12],
  ])('every value of %s is recomputed', async (name, least) => {
    const report = await rescoreHelm(join(runs, name));
    expect(report.differing).toEqual([]);
    expect(report.equal).toBe(report.compared);
    expect(report.compared).toBeGreaterThanOrEqual(least);
  });

  test('names that do not follow from what is stored are listed', async () => {
    const { unsupported } = await rescoreHelm(join(runs, 'bbq'));
    expect(unsupported).toContain('num_prompt_tokens');
    expect(unsupported).not.toContain('bbq_metric_ambiguous_bias');
  });
});

describe('on a run that was changed', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rescore-'));
    await cp(join(runs, 'bbq'), directory, { recursive: true });
  });
  afterEach(() => rm(directory, { recursive: true }));

  test('a changed answer shows in its instance and in the means', async () => {
    await change('scenario_state.json', (state: State) => {
      const found = state.request_states[0] as State['request_states'][number];
      found.result.completions[0] = { ...found.result.completions[0], text: `${letterOfCorrect(found)} ` };
    });
    const { differing } = await rescoreHelm(directory);
    expect(differing.filter(({ metric }) => metric === 'exact_match')).toEqual([
      expect.objectContaining({ instanceId: expect.stringMatching(/^id/), trial: 0, theirs: 0, ours: 1 }),
      expect.objectContaining({ instanceId: '*', split: expect.any(String) }),
      expect.objectContaining({ instanceId: '*', perturbation: 'robustness (worst)' }),
      expect.objectContaining({ instanceId: '*', perturbation: 'fairness (worst)' }),
    ]);
  });

  test('a changed value of one instance is named alone', async () => {
    await change('per_instance_stats.json', (all: { stats: { name: { name: string }; mean: number }[] }[]) => {
      const stat = all[0]?.stats.find(({ name }) => name.name === 'quasi_exact_match');
      if (stat) stat.mean = 1 - stat.mean;
    });
    const { differing } = await rescoreHelm(directory);
    expect(differing.map(({ metric, trial }) => [metric, trial])).toEqual([['quasi_exact_match', 0]]);
  });

  test('a value that is missing on their side is null there', async () => {
    await change('per_instance_stats.json', (all: { stats: { name: { name: string } }[] }[]) => {
      const [first] = all;
      if (first) first.stats = first.stats.filter(({ name }) => name.name !== 'exact_match');
    });
    const { differing } = await rescoreHelm(directory);
    expect(differing).toEqual([expect.objectContaining({ metric: 'exact_match', theirs: null })]);
  });

  test('a changed count of trials is named', async () => {
    await change('stats.json', (all: { name: { name: string }; count: number }[]) => {
      for (const stat of all) if (stat.name.name === 'bbq_accuracy') stat.count += 1;
    });
    const { differing } = await rescoreHelm(directory);
    expect(differing.length).toBeGreaterThan(0);
    expect(differing.every(({ metric }) => metric === 'bbq_accuracy (count)')).toBe(true);
  });

  test.each([
    ['a file that is missing', 'stats.json', undefined, 'stats.json is not there'],
    ['a file that is cut off', 'stats.json', '[{"name":\n{', 'stats.json line 2: the text ends too early'],
    ['a file of another shape', 'scenario_state.json', '{"adapter_spec": {}}', 'scenario_state.json line 1, adapter_spec.method'],
    [
      'an older version',
      'run_spec.json',
      '{"metric_specs": [{"class_name": "helm.benchmark.basic_metrics.BasicMetric", "args": {}}]}',
      'the metric helm.benchmark.basic_metrics.BasicMetric is of another HELM version',
    ],
  ])('names %s', async (_, file, text, message) => {
    if (text === undefined) await rm(join(directory, file));
    else await writeFile(join(directory, file), text);
    const error = await rescoreHelm(directory).catch((thrown: unknown) => thrown);
    expect(outcomeOf(error)?.code).toBe('HELM_RUN_INVALID');
    expect((error as Error).message).toContain(message);
  });

  async function change<T>(file: string, edit: (content: T) => void): Promise<void> {
    const path = join(directory, file);
    const content = JSON.parse(await readFile(path, 'utf8')) as T;
    edit(content);
    await writeFile(path, JSON.stringify(content));
  }
});

interface State {
  request_states: { output_mapping: Record<string, string>; instance: { references: { output: { text: string }; tags: string[] }[] }; result: { completions: { text?: string }[] } }[];
}

function letterOfCorrect({ output_mapping, instance }: State['request_states'][number]): string {
  const correct = instance.references.find(({ tags }) => tags.includes('correct'))?.output.text;
  return Object.entries(output_mapping).find(([, text]) => text === correct)?.[0] ?? '';
}
