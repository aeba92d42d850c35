import { hash } from 'node:crypto';
import {
  type Answer,
  type AnswerCounts,
  canonicalJson,
  type GenerationSettings,
  limits,
  type PromptWindow,
  seededRandom,
  shuffled,
  type SuiteStage,
  type SuiteStageContent,
} from '../../domain/index.ts';

/** What is sent to the server once; `alike` are the other questions with the same prompt and settings, which get its answer. */
export interface Inquiry {
  id: string;
  prompt: string;
  generation: GenerationSettings;
  /** How the prompt is made to fit; without it, it goes out as it stands. */
  window?: PromptWindow;
  alike: string[];
}

export interface QuestionPlan {
  /** In the order of asking. */
  inquiries: Inquiry[];
  /** Questions of the stage, those that are alike counted each. */
  questions: number;
}

/**
 * The order in which a stage's questions are asked: shuffled by `seed`, so that a deadline does not hit one scenario, and each
 * (prompt, generation settings) once. The same content and seed give the same plan, so that a retry continues it.
 */
export function planQuestions(content: SuiteStageContent, seed: string): QuestionPlan {
  const inquiries = new Map<string, Inquiry>();
  let questions = 0;
  for (const { id, prompt, generation, window } of content.scenarios.flatMap((scenario) => scenario.questions)) {
    questions += 1;
    const identity = hash('sha256', canonicalJson([prompt, generation, ...(window ? [window] : [])]), 'base64');
    const known = inquiries.get(identity);
    if (known) known.alike.push(id);
    else inquiries.set(identity, { id, prompt, generation, ...(window ? { window } : {}), alike: [] });
  }
  return { inquiries: shuffled([...inquiries.values()], seededRandom(seed)), questions };
}

/** What is still to be asked, in the plan's order. */
export function missingInquiries(plan: QuestionPlan, answered: ReadonlyMap<string, unknown>): Inquiry[] {
  return plan.inquiries.filter((inquiry) => !answered.has(inquiry.id));
}

/** Exactly one answer for each question, sorted by id in code units; what has none in `answered` is `unanswered`. */
export function answersOf(plan: QuestionPlan, answered: ReadonlyMap<string, Answer>): Answer[] {
  const answers: Answer[] = [];
  for (const inquiry of plan.inquiries) {
    const answer: Answer = answered.get(inquiry.id) ?? { status: 'unanswered', id: inquiry.id };
    answers.push(answer, ...inquiry.alike.map((id) => ({ ...answer, id })));
  }
  return answers.sort((a, b) => (a.id < b.id ? -1 : 1));
}

export function countAnswers(answers: Iterable<Answer>): AnswerCounts {
  const counts: AnswerCounts = { answered: 0, failed: 0, unanswered: 0 };
  for (const answer of answers) counts[answer.status] += 1;
  return counts;
}

/** The stage's time from the start of its first serving container (the contest's 300 and 600 minutes). */
export function stageTimeMs(stage: SuiteStage): number {
  return stage === 'open' ? limits.evaluateOpenMs : limits.evaluateClosedMs;
}

/** Nearest-rank percentiles of the answered questions' latencies, in ms; null where none was answered. */
export function latencyOf(answers: Iterable<Answer>): { p50: number; p95: number } | null {
  const latencies: number[] = [];
  for (const answer of answers) if (answer.status === 'answered') latencies.push(answer.latencyMs);
  if (latencies.length === 0) return null;
  const sorted = Float64Array.from(latencies).sort();
  const percentile = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
  return { p50: percentile(0.5), p95: percentile(0.95) };
}
