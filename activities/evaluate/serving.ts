import { limits } from '../../domain/index.ts';
import type { EvaluateInput, StageRun } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { outcomeOf } from '../failure.ts';
import type { StageLog } from '../logs/index.ts';
import { withServer } from '../serve/index.ts';
import type { StageContext } from '../stage.ts';
import { createAsk } from './ask.ts';
import { askAll, type Asking, type AskingEnd } from './asking.ts';
import type { AnswerJournal } from './journal.ts';
import { missingInquiries, type QuestionPlan, stageTimeMs } from './plan.ts';
import { createProgress } from './progress.ts';

export interface Evaluation {
  input: StageRun & EvaluateInput;
  plan: QuestionPlan;
  journal: AnswerJournal;
  log: StageLog;
}

export interface ServingRecord {
  /** How often the server was started again because it died while it was asked. */
  restarts: number;
  /** Why the asking ended early, in words of ours. */
  ended: string | undefined;
}

/** The part of `withServer`'s server that asking needs. */
export interface Server {
  baseUrl: string;
  alive(): Promise<boolean>;
}
export type Serve = (use: (server: Server) => Promise<AskingEnd>) => Promise<AskingEnd>;

/**
 * Serves the submission and asks what the journal does not have, starting the server again when it dies. A worker shutdown or a
 * cancellation throws, with everything that came so far in the journal. Failures: SERVE_EXITED and SERVE_NOT_READY, where
 * nothing was answered yet.
 */
export async function askServer(
  dependencies: Dependencies,
  evaluation: Evaluation,
  context: StageContext,
): Promise<ServingRecord> {
  const { input, log } = evaluation;
  const { run, submission, image, output } = input;
  const { port, readyTimeoutMs } = submission;
  const serving = { run, stage: context.stage, image, output, port, readyTimeoutMs, log };
  return askWithRestarts((use) => withServer(dependencies, serving, context, use), evaluation, context);
}

/** As askServer, for any way of serving. */
export async function askWithRestarts(
  serve: Serve,
  evaluation: Pick<Evaluation, 'plan' | 'journal'> & { input: Pick<EvaluateInput, 'stage'> },
  context: Pick<StageContext, 'signal' | 'report'>,
): Promise<ServingRecord> {
  const { plan, journal, input } = evaluation;
  const progress = createProgress(plan, journal, context);
  const attempts = new Map<string, number>();
  const save: Asking['save'] = (answer) => journal.append(answer).then(() => progress(answer));
  for (let restarts = 0; ; restarts += 1) {
    if (missingInquiries(plan, journal.answered).length === 0) return { restarts, ended: undefined };
    if (isOver(journal)) return { restarts, ended: 'the time was over' };
    const end = await serveUnlessAnswered(serve, journal, async (server) => {
      const deadline = await journal.begin(new Date(Date.now() + stageTimeMs(input.stage)));
      return askServerOnce(server, plan, { save, deadline, attempts, signal: context.signal, answered: journal.answered });
    });
    context.signal.throwIfAborted();
    if (end === 'not-served') return { restarts, ended: 'the server did not come up again' };
    if (end === 'server-dead' && restarts >= limits.serverRestarts) return { restarts, ended: 'the server was not started again' };
  }
}

interface OneServing extends Pick<Asking, 'save' | 'deadline' | 'attempts' | 'signal'> {
  answered: AnswerJournal['answered'];
}

/** First alone what was in flight when a server died: so the question that killed it is found, and no other fails with it. */
async function askServerOnce(server: Server, plan: QuestionPlan, { answered, ...shared }: OneServing): Promise<AskingEnd> {
  const client = createAsk(server.baseUrl);
  const asking = { ...shared, ask: client.ask, alive: server.alive };
  try {
    const missing = missingInquiries(plan, answered);
    const suspects = missing.filter((inquiry) => shared.attempts.has(inquiry.id));
    const others = missing.filter((inquiry) => !shared.attempts.has(inquiry.id));
    const end = await askAll({ ...asking, inquiries: suspects, limits: { ...limits, questionsInFlightMost: 1 } });
    return end === 'complete' ? await askAll({ ...asking, inquiries: others }) : end;
  } finally {
    client.close();
  }
}

/** Where a server does not come up but there are answers of an earlier one, these count; otherwise the failure does. */
async function serveUnlessAnswered(
  serve: Serve,
  journal: AnswerJournal,
  use: (server: Server) => Promise<AskingEnd>,
): Promise<AskingEnd | 'not-served'> {
  try {
    return await serve(use);
  } catch (error) {
    const code = outcomeOf(error)?.code;
    const served = [...journal.answered.values()].some((answer) => answer.status === 'answered');
    if (served && (code === 'SERVE_EXITED' || code === 'SERVE_NOT_READY')) return 'not-served';
    throw error;
  }
}

function isOver(journal: AnswerJournal): boolean {
  const deadline = journal.deadline();
  return deadline !== undefined && deadline.getTime() <= Date.now();
}
