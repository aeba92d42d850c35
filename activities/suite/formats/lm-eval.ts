import { z } from 'zod';
import { GenerationSettings, type Question } from '../../../domain/index.ts';
import { wrong } from '../fields.ts';
import { readRows, type Row } from '../rows.ts';
import type { FinishedFormat, FormatOptions } from './format.ts';

const GenerationArguments = z.looseObject({
  until: z.union([z.string(), z.array(z.string())]).default([]),
  max_gen_toks: z.number().int().min(1).max(8_192).optional(),
  temperature: z.number().optional(),
});

/**
 * Samples of the lm-evaluation-harness (`--log_samples`, `samples_<task>_<date>.jsonl`): the finished prompts. Of tasks that generate,
 * and of multiple choice where each option is a single letter, which can be asked as one token; options that are texts are compared by
 * their log probabilities there, and no server that answers with text gives these. `metrics` names ours, "exact_match" unless given;
 * `maxNewTokens` stands in where the sample says none (256).
 */
export const lmEval: FinishedFormat = {
  kind: 'finished',
  questions: async (path, name, options) => (await readRows({ path, name }, { header: true })).map((row) => questionOf(row, options)),
};

function questionOf(row: Row, options: FormatOptions): Question {
  const calls = argumentsOf(row);
  const metrics = String(options['metrics'] ?? 'exact_match').split(',');
  const { doc_id: document, target } = row.value;
  const common = { id: String(document ?? row.line), metrics };
  const [first] = calls;
  if (!first) throw wrong(row, ['arguments'], 'is empty');
  const generation = GenerationArguments.safeParse(first[1]);
  if (typeof first[1] !== 'string' && generation.success) {
    const { until, max_gen_toks: most, temperature } = generation.data;
    const settings = { maxNewTokens: most ?? Number(options['maxNewTokens'] ?? 256), stop: [until].flat(), ...(temperature !== undefined && temperature > 0 ? { temperature } : {}) };
    return { ...common, prompt: first[0], references: referencesOf(row, target), generation: GenerationSettings.parse(settings) };
  }
  return { ...common, prompt: first[0], ...letters(row, calls, target), generation: GenerationSettings.parse({ maxNewTokens: 1 }) };
}

/** Older versions write pairs, newer ones {"gen_args_0": {"arg_0": …, "arg_1": …}}. */
function argumentsOf(row: Row): [context: string, rest: unknown][] {
  const value = row.value['arguments'];
  const calls = Array.isArray(value) ? value : typeof value === 'object' && value !== null ? Object.values(value) : [];
  return calls.map((call: unknown) => {
    const [context, rest] = Array.isArray(call) ? call : typeof call === 'object' && call !== null ? [(call as Record<string, unknown>)['arg_0'], (call as Record<string, unknown>)['arg_1']] : [];
    if (typeof context !== 'string') throw wrong(row, ['arguments'], 'has no prompt');
    return [context, rest];
  });
}

function referencesOf(row: Row, target: unknown): string[] {
  const targets = [target].flat().filter((each) => typeof each === 'string' || typeof each === 'number').map(String);
  if (targets.length === 0) throw wrong(row, ['target'], 'is missing or no text');
  return targets;
}

function letters(row: Row, calls: [context: string, rest: unknown][], target: unknown): Pick<Question, 'references' | 'choices'> {
  const options = calls.map(([, continuation]) => String(continuation).trim());
  const isAskable = options.every((option) => /^[A-Z]$/.test(option)) && calls.every(([context]) => context === calls[0]?.[0]);
  if (!isAskable) throw wrong(row, ['arguments'], 'compares texts by their log probabilities; only options that are single letters can be asked');
  const correct = options[Number(target)] ?? options.find((option) => option === String(target).trim());
  if (correct === undefined) throw wrong(row, ['target'], 'is none of the options');
  return { references: [correct], choices: Object.fromEntries(options.map((option) => [option, option])) };
}
