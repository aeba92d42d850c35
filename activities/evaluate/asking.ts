import { type Answer, limits } from '../../domain/index.ts';
import type { AskOutcome } from './ask.ts';
import { answerOf, pauseMs, type RetryLimits } from './attempts.ts';
import { afterReply, type Pacing, type PacingLimits, startPacing } from './pacing.ts';
import type { PlannedInquiry } from './plan.ts';

/** `complete`: each inquiry has a durable answer or failure. Otherwise what was in flight stays unanswered. */
export type AskingEnd = 'complete' | 'deadline' | 'stopped' | 'server-dead';

export interface AskingLimits extends PacingLimits, RetryLimits {
  questionAttempts: number;
  connectionFailures: number;
}

export interface Asking {
  inquiries: PlannedInquiry[];
  /** Asks one question once. */
  ask(inquiry: PlannedInquiry, signal: AbortSignal): Promise<AskOutcome>;
  /** Resolves when the answer is durable. */
  save(answer: Answer): Promise<void>;
  /** Whether the server still runs; asked only when it cannot be reached. */
  alive(): Promise<boolean>;
  deadline: Date;
  /** Attempts so far of questions without an answer, kept over restarts of the server: a question that kills it must come to an end. */
  attempts: Map<string, number>;
  signal: AbortSignal;
  limits?: AskingLimits;
}

/**
 * Asks everything, each answer saved as it arrives. A question that fails waits aside while others are asked, and is `failed`
 * after its last attempt; the rest goes on. Throws what `save` and `alive` throw.
 */
export async function askAll(asking: Asking): Promise<AskingEnd> {
  const session = startSession(asking);
  const stopOutside = (): void => stop(session, 'stopped');
  asking.signal.addEventListener('abort', stopOutside);
  if (asking.signal.aborted) stopOutside();
  const deadlineTimer = setTimeout(() => stop(session, 'deadline'), Math.max(0, asking.deadline.getTime() - Date.now()));
  try {
    while (!finished(session)) {
      dispatch(session);
      await nextChange(session);
    }
    if (session.error !== undefined) throw session.error;
    return session.end ?? 'complete';
  } finally {
    clearTimeout(deadlineTimer);
    clearTimeout(session.retryTimer);
    asking.signal.removeEventListener('abort', stopOutside);
  }
}

interface Session {
  asking: Asking;
  limits: AskingLimits;
  pacing: Pacing;
  /** Position of the next inquiry that was not asked yet. */
  next: number;
  retries: { inquiry: PlannedInquiry; notBeforeMs: number }[];
  inFlight: number;
  unsaved: number;
  /** Connection failures in a row, and until when nothing is asked because of them. */
  unreachable: number;
  pausedUntilMs: number;
  end: AskingEnd | undefined;
  error: unknown;
  abort: AbortController;
  retryTimer: NodeJS.Timeout | undefined;
  wake(): void;
}

function startSession(asking: Asking): Session {
  return {
    asking,
    limits: asking.limits ?? limits,
    pacing: startPacing(performance.now()),
    next: 0,
    retries: [],
    inFlight: 0,
    unsaved: 0,
    unreachable: 0,
    pausedUntilMs: 0,
    end: undefined,
    error: undefined,
    abort: new AbortController(),
    retryTimer: undefined,
    wake: () => undefined,
  };
}

function stop(session: Session, end: AskingEnd): void {
  session.end ??= end;
  session.abort.abort();
  session.wake();
}

/** Nothing in flight any more, and nothing left or nothing to be asked any more. */
function finished(session: Session): boolean {
  if (session.inFlight > 0 || session.unsaved > 0) return false;
  return session.end !== undefined || (session.next >= session.asking.inquiries.length && session.retries.length === 0);
}

/** Answers on their way to the store count apart: a slow store holds back the asking, but does not look like a slow server. */
function dispatch(session: Session): void {
  while (session.end === undefined && session.inFlight < session.pacing.inFlight) {
    if (session.unsaved >= session.limits.questionsInFlightMost) return;
    const inquiry = takeNext(session);
    if (!inquiry) return;
    session.inFlight += 1;
    void attempt(session, inquiry)
      .catch((error: unknown) => {
        session.error ??= error;
        stop(session, 'stopped');
      })
      .finally(() => session.wake());
  }
}

function takeNext(session: Session): PlannedInquiry | undefined {
  const nowMs = performance.now();
  if (nowMs < session.pausedUntilMs) return undefined;
  const due = session.retries.findIndex((retry) => retry.notBeforeMs <= nowMs);
  if (due >= 0) return session.retries.splice(due, 1)[0]?.inquiry;
  const inquiry = session.asking.inquiries[session.next];
  session.next += 1;
  return inquiry;
}

async function attempt(session: Session, inquiry: PlannedInquiry): Promise<void> {
  const { asking } = session;
  const attempts = (asking.attempts.get(inquiry.id) ?? 0) + 1;
  let answer: Answer | undefined;
  try {
    const outcome = await asking.ask(inquiry, session.abort.signal);
    observe(session, outcome);
    answer = answerOf(inquiry.id, attempts, outcome, session.limits.questionAttempts);
    // Of those alone: a map in which each question came and went would leave a hundred thousand times its table to the collector.
    if (!answer) asking.attempts.set(inquiry.id, attempts);
    if (outcome.kind === 'failed') await afterFailure(session, inquiry, outcome.reason === 'connection', answer === undefined);
  } finally {
    session.inFlight -= 1;
  }
  if (answer) await save(session, answer);
}

async function save(session: Session, answer: Answer): Promise<void> {
  session.unsaved += 1;
  session.wake();
  try {
    await session.asking.save(answer);
  } finally {
    session.unsaved -= 1;
  }
}

function observe(session: Session, outcome: AskOutcome): void {
  if (outcome.kind === 'aborted') return;
  const unreachable = outcome.kind === 'failed' && outcome.reason === 'connection';
  session.unreachable = unreachable ? session.unreachable + 1 : 0;
  const overloaded = outcome.kind === 'failed' && outcome.overloaded;
  session.pacing = afterReply(session.pacing, { nowMs: performance.now(), latencyMs: outcome.latencyMs, overloaded }, session.limits);
}

/** Ends the asking where the server is gone; otherwise puts the question aside, and where no connection came about, all. */
async function afterFailure(session: Session, inquiry: PlannedInquiry, unreachable: boolean, again: boolean): Promise<void> {
  const { asking } = session;
  if (unreachable && (session.unreachable >= session.limits.connectionFailures || !(await asking.alive()))) {
    stop(session, 'server-dead');
    return;
  }
  const repeats = unreachable ? session.unreachable : (asking.attempts.get(inquiry.id) ?? 1);
  const notBeforeMs = performance.now() + pauseMs(repeats, session.limits);
  if (unreachable) session.pausedUntilMs = notBeforeMs;
  if (again) session.retries.push({ inquiry, notBeforeMs });
}

/** Resolves when a reply came, an answer was stored, a pause is over or the asking ends. */
function nextChange(session: Session): Promise<void> {
  return new Promise((resolve) => {
    session.wake = resolve;
    if (finished(session)) resolve();
    clearTimeout(session.retryTimer);
    const nowMs = performance.now();
    const due = [session.pausedUntilMs, ...session.retries.map((retry) => retry.notBeforeMs)].filter((each) => each > nowMs);
    if (due.length > 0) session.retryTimer = setTimeout(resolve, Math.min(...due) - nowMs + 1);
  });
}
