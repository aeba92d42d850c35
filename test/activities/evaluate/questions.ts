import { GenerationSettings, limits, type Question } from '../../../domain/index.ts';
import type { Inquiry } from '../../../activities/evaluate/plan.ts';

/** Limits of tests: as the real ones, with short pauses. */
export const quick = { ...limits, questionRetryMs: 5, questionRetryMostMs: 20, questionTimeoutMs: 2_000 };

export function question(id: string, fields: Partial<Question> = {}): Question {
  return {
    id,
    prompt: `What is ${id}?`,
    references: [id],
    generation: GenerationSettings.parse({}),
    metrics: ['quasi_exact_match'],
    ...fields,
  };
}

export function questions(count: number, prefix = 'q'): Question[] {
  return Array.from({ length: count }, (_, index) => question(`${prefix}${String(index).padStart(4, '0')}`));
}

export function inquiry(id: string, prompt = `What is ${id}?`): Inquiry {
  return { id, prompt, generation: GenerationSettings.parse({}) };
}
