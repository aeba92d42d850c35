import { limits } from '../../domain/index.ts';
import { failure, outcomeOf } from '../failure.ts';
import type { StageContext } from '../stage.ts';
import { type AskSettings, createAsk, type Speaks } from './ask.ts';
import { askAll, type Asking, type AskingEnd, type AskingLimits } from './asking.ts';
import type { AnswerJournal } from './journal.ts';
import { missingInquiries, type QuestionPlan } from './plan.ts';
import { createProgress } from './progress.ts';

export interface QuestionsAsked {
  plan: QuestionPlan;
  journal: AnswerJournal;
  /** The stage's time, from the start of the first server's container; the journal keeps the deadline that comes of it. */
  timeMs: number;
  /** What the server speaks; the contest's API unless given. */
  speaks?: Speaks;
}

export interface ServingLimits extends AskingLimits, AskSettings {
  serverRestarts: number;
}

export interface ServingRecord {
  /** How often the server died while it was asked. */
  deaths: number;
  /** Why the asking ended early, in words of ours. */
  ended: string | undefined;
  /** From the first server that could be asked to the first durable answer; null where nothing was answered. */
  firstAnswerMs: number | null;
}

/** What asking needs of a running server. */
export interface Server {
  baseUrl: string;
  /** ISO 8601 by the engine's clock. */
  startedAt: string;
  alive(): Promise<boolean>;
}
export type Serve = (use: (server: Server) => Promise<AskingEnd>) => Promise<AskingEnd>;

/**
 * Asks what the journal does not have, on a server that `serve` starts, and again on the next one when it dies. Ends with
 * everything answered, at the deadline, or when the restarts are used up; throws where the run is cancelled.
 */
export async function askWithRestarts(
  serve: Serve,
  { plan, journal, timeMs, speaks = {} }: QuestionsAsked,
  context: Pick<StageContext, 'signal' | 'report'>,
  bounds: ServingLimits = limits,
): Promise<ServingRecord> {
  const progress = createProgress(plan, journal, context);
  const attempts = new Map<string, number>();
  let [askedAtMs, firstAnswerMs]: [number | undefined, number | null] = [undefined, null];
  const save: Asking['save'] = async (answer) => {
    await journal.append(answer);
    firstAnswerMs ??= Math.round(performance.now() - (askedAtMs ?? performance.now()));
    progress(answer);
  };
  for (let deaths = 0; ; deaths += 1) {
    if (missingInquiries(plan, journal.answered).length === 0) return { deaths, ended: undefined, firstAnswerMs };
    if (isOver(journal)) return { deaths, ended: 'the time was over', firstAnswerMs };
    if (deaths > bounds.serverRestarts) return { deaths, ended: 'the server was not started again', firstAnswerMs };
    const end = await serveUnlessAnswered(unlessKilled(serve, deaths < bounds.serverRestarts), plan, journal, async (server) => {
      askedAtMs ??= performance.now();
      const deadline = await journal.begin(new Date(Date.parse(server.startedAt) + timeMs));
      return askServerOnce(server, plan, { save, deadline, attempts, signal: context.signal, answered: journal.answered, bounds, speaks });
    });
    context.signal.throwIfAborted();
    if (end === 'not-served') return { deaths, ended: 'the server did not come up again', firstAnswerMs };
    if (end !== 'server-dead') return { deaths, ended: end === 'deadline' ? 'the time was over' : undefined, firstAnswerMs };
  }
}

interface OneServing extends Pick<Asking, 'save' | 'deadline' | 'attempts' | 'signal'> {
  answered: AnswerJournal['answered'];
  bounds: ServingLimits;
  speaks: Speaks;
}

/** First alone what was in flight when a server died: so the question that killed it is found, and no other fails with it. */
async function askServerOnce(server: Server, plan: QuestionPlan, { answered, bounds, speaks, ...shared }: OneServing): Promise<AskingEnd> {
  const client = createAsk(server.baseUrl, bounds, speaks);
  const ask: Asking['ask'] = (planned, signal) => client.ask(plan.inquiry(planned), signal);
  const asking = { ...shared, ask, alive: server.alive };
  try {
    const missing = missingInquiries(plan, answered);
    const suspects = missing.filter((inquiry) => shared.attempts.has(inquiry.id));
    const others = missing.filter((inquiry) => !shared.attempts.has(inquiry.id));
    const end = await askAll({ ...asking, inquiries: suspects, limits: { ...bounds, questionsInFlightMost: 1 } });
    return end === 'complete' ? await askAll({ ...asking, inquiries: others, limits: bounds }) : end;
  } finally {
    client.close();
  }
}

/** One that is killed while it starts has died, as while it is asked; the last one ended by itself, whatever its exit code says. */
function unlessKilled(serve: Serve, again: boolean): Serve {
  return async (use) => {
    try {
      return await serve(use);
    } catch (error) {
      if (outcomeOf(error)?.code !== 'ENGINE_LOST_CONTAINER') throw error;
      if (again) return 'server-dead';
      throw failure('SERVE_EXITED', (error as Error).message, { cause: error });
    }
  };
}

/** Where a server does not come up but there are answers of an earlier one, these count; otherwise the failure does. */
async function serveUnlessAnswered(
  serve: Serve,
  plan: QuestionPlan,
  journal: AnswerJournal,
  use: (server: Server) => Promise<AskingEnd>,
): Promise<AskingEnd | 'not-served'> {
  try {
    return await serve(use);
  } catch (error) {
    const code = outcomeOf(error)?.code;
    const served = plan.inquiries.some(({ id }) => journal.answered.status(id) === 'answered');
    if (served && (code === 'SERVE_EXITED' || code === 'SERVE_NOT_READY')) return 'not-served';
    throw error;
  }
}

function isOver(journal: AnswerJournal): boolean {
  const deadline = journal.deadline();
  return deadline !== undefined && deadline.getTime() <= Date.now();
}
