import { parse } from 'yaml';
import type { z } from 'zod';
import { JudgeDefinition, PairItem, RubricItem } from '../../domain/analysis/judge.ts';
import { failure } from '../failure.ts';

export type JudgeItems = { mode: 'rubric'; items: RubricItem[] } | { mode: 'pairwise'; items: PairItem[] };

/** The judges' definition from YAML or JSON. Failures: REQUEST_INVALID naming the file and each field. */
export function parseJudgeDefinition(text: string, path: string): JudgeDefinition {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw failure('REQUEST_INVALID', `${path}: ${(error as Error).message.split('\n')[0]?.replace(/:$/, '')}`);
  }
  const parsed = JudgeDefinition.safeParse(value);
  if (parsed.success) return parsed.data;
  throw failure('REQUEST_INVALID', `${path}: ${problems(parsed.error)}`);
}

/**
 * Lines of what is to be judged: {id, prompt, answer, reference?} each, or {id, prompt, first, second, reference?} each.
 * Failures: REQUEST_INVALID naming file and line.
 */
export function parseJudgeItems(text: string, path: string): JudgeItems {
  const values = text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [{ value: lineValue(line, path, index + 1), line: index + 1 }]));
  const first = values[0]?.value;
  if (values.length === 0) throw failure('REQUEST_INVALID', `${path}: is empty`);
  const isPair = typeof first === 'object' && first !== null && 'first' in first;
  const read = <T extends { id: string }>(schema: z.ZodType<T>): T[] => unique(values.map(({ value, line }) => lineItem(schema, value, path, line)), path);
  return isPair ? { mode: 'pairwise', items: read(PairItem) } : { mode: 'rubric', items: read(RubricItem) };
}

function lineValue(line: string, path: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw failure('REQUEST_INVALID', `${path} line ${number}: is not JSON`);
  }
}

function lineItem<T>(schema: z.ZodType<T>, value: unknown, path: string, number: number): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw failure('REQUEST_INVALID', `${path} line ${number}: ${problems(parsed.error)}`);
}

function unique<T extends { id: string }>(items: T[], path: string): T[] {
  const seen = new Set<string>();
  for (const { id } of items) {
    if (seen.has(id)) throw failure('REQUEST_INVALID', `${path}: the id ${JSON.stringify(id)} is there twice`);
    seen.add(id);
  }
  return items;
}

function problems(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => `${path.join('.') || 'the value'}: ${message}`).join('; ');
}
