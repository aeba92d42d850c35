import { hash } from 'node:crypto';
import {
  type Answer,
  type AnswerCounts,
  canonicalJson,
  type GenerationSettings,
  limits,
  type PromptWindow,
  type Question,
  seededRandom,
  shuffled,
  type SuiteStage,
} from '../../domain/index.ts';
import { asksConfidence } from '../../domain/scenario-metrics.ts';
import type { Place, Spool } from '../io/spool.ts';
import type { AnswersById } from './shelf.ts';

/** What is sent to the server once. */
export interface Inquiry {
  id: string;
  prompt: string;
  generation: GenerationSettings;
  /** How the prompt is made to fit; without it, it goes out as it stands. */
  window?: PromptWindow;
  /** Log-probabilities are asked for, where an API gives them on request only. */
  logprobs?: true;
}

/** An inquiry without its text; `alike` are the other questions with the same prompt and settings, which get its answer. */
export interface PlannedInquiry {
  id: string;
  alike: readonly string[];
}

export interface QuestionPlan {
  /** In the order of asking. */
  inquiries: PlannedInquiry[];
  /** Questions of the stage, those that are alike counted each. */
  questions: number;
  /** What one of the plan's inquiries says. */
  inquiry(planned: PlannedInquiry): Inquiry;
}

interface PlacedInquiry extends PlannedInquiry {
  place: Place;
}

const none: readonly string[] = [];

/**
 * The order in which a stage's questions are asked: shuffled by `seed`, so that a deadline does not hit one scenario, and each
 * (prompt, generation settings) once. The same questions and seed give the same plan, so that a retry continues it. The texts are
 * set aside in `spool`.
 */
export async function planQuestions(asked: AsyncIterable<Question> | Iterable<Question>, seed: string, spool: Spool): Promise<QuestionPlan> {
  const inquiries = new Map<string, PlacedInquiry>();
  let questions = 0;
  for await (const question of asked) {
    questions += 1;
    const { id } = question;
    const text = textOf(question);
    // 128 bits, a character each: there may be 100,000 of them in memory.
    const identity = hash('sha256', text, 'buffer').toString('latin1', 0, 16);
    const known = inquiries.get(identity);
    if (known) known.alike = [...known.alike, id];
    else inquiries.set(identity, { id, alike: none, place: spool.appendText(text) });
  }
  return {
    inquiries: shuffled([...inquiries.values()], seededRandom(seed)),
    questions,
    inquiry(planned) {
      const [prompt, generation, window, logprobs] = JSON.parse(spool.readText((planned as PlacedInquiry).place)) as InquiryText;
      return { id: planned.id, prompt, generation, ...(window ? { window } : {}), ...(logprobs ? { logprobs } : {}) };
    },
  };
}

type InquiryText = [prompt: string, generation: GenerationSettings, window?: PromptWindow | null, logprobs?: true];

function textOf(question: Question): string {
  const { prompt, generation, window } = question;
  return canonicalJson(asksConfidence(question) ? [prompt, generation, window ?? null, true] : [prompt, generation, ...(window ? [window] : [])]);
}

/** What is still to be asked, in the plan's order. */
export function missingInquiries(plan: QuestionPlan, answered: Pick<AnswersById, 'has'>): PlannedInquiry[] {
  return plan.inquiries.filter((inquiry) => !answered.has(inquiry.id));
}

/** Exactly one answer for each question, sorted by id in code units; what has none in `answered` is `unanswered`. */
export function* answersOf(plan: QuestionPlan, answered: Pick<AnswersById, 'get'>): Generator<Answer> {
  const ids: string[] = [];
  const askedAs = new Map<string, string>();
  for (const { id, alike } of plan.inquiries) {
    ids.push(id, ...alike);
    for (const other of alike) askedAs.set(other, id);
  }
  for (const id of ids.sort((a, b) => (a < b ? -1 : 1))) {
    const answer: Answer = answered.get(askedAs.get(id) ?? id) ?? { status: 'unanswered', id };
    yield { ...answer, id };
  }
}

export function countAnswers({ inquiries }: QuestionPlan, answered: Pick<AnswersById, 'status'>): AnswerCounts {
  const counts: AnswerCounts = { answered: 0, failed: 0, unanswered: 0 };
  for (const { id, alike } of inquiries) counts[answered.status(id)] += 1 + alike.length;
  return counts;
}

/** How many questions have no usable answer, by why: for instance {"http-500": 2, unanswered: 1}. */
export function countReasons({ inquiries }: QuestionPlan, answered: Pick<AnswersById, 'get' | 'status'>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { id, alike } of inquiries) {
    const status = answered.status(id);
    if (status === 'answered') continue;
    const answer = answered.get(id);
    const reason = answer?.status === 'failed' ? answer.reason : status;
    counts[reason] = (counts[reason] ?? 0) + 1 + alike.length;
  }
  return counts;
}

/** The stage's time from the start of its first serving container (the contest's 300 and 600 minutes). */
export function stageTimeMs(stage: SuiteStage): number {
  return stage === 'open' ? limits.evaluateOpenMs : limits.evaluateClosedMs;
}
