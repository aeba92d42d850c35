import { openAnswerJournal } from '../../../activities/evaluate/journal.ts';
import { answersOf, planQuestions } from '../../../activities/evaluate/plan.ts';
import { askWithRestarts, type Serve, type ServingLimits, type ServingRecord } from '../../../activities/evaluate/restarts.ts';
import { unsealed } from '../../../activities/evaluate/sealing.ts';
import { failure } from '../../../activities/failure.ts';
import type { Answer, Question } from '../../../domain/index.ts';
import { memoryStore } from '../../fakes/memory-store.ts';
import { testSpool } from '../../fakes/test-spool.ts';
import { type AnswerServer, type Handler, startAnswerServer } from './answer-server.ts';
import { questions, quick } from './questions.ts';

/** Makes a server's handler; `die` ends the server as a crash does. */
export type MakeHandler = (die: () => void) => Handler;

export interface Evaluated extends ServingRecord {
  answers: Answer[];
  asked: string[];
  messages: string[];
  most: number;
}

export interface Options {
  count?: number;
  store?: ReturnType<typeof memoryStore>;
  timeMs?: number;
  bounds?: Partial<ServingLimits>;
  signal?: AbortSignal;
  asked?: Question[];
}

/** One attempt of the stage against a real server; each start is a new one with the handler of that number (the last repeats). */
export async function evaluate(handlers: MakeHandler[], options: Options = {}): Promise<Evaluated> {
  const { store = memoryStore(), timeMs = 60_000, bounds = {}, signal = new AbortController().signal } = options;
  const plan = await planQuestions(options.asked ?? questions(options.count ?? 40), 'seed', testSpool());
  const journal = await openAnswerJournal(store, { run: 'r', stage: 'evaluate-open', inputs: 'i' }, unsealed, testSpool());
  const asked: string[] = [];
  const messages: string[] = [];
  let [starts, most] = [0, 0];
  const serve: Serve = async (use) => {
    const make = handlers[Math.min(starts, handlers.length - 1)];
    starts += 1;
    if (!make) throw failure('SERVE_EXITED', 'no more servers');
    const started: { server?: AnswerServer } = {};
    await using server = await startAnswerServer(make(() => started.server?.die()));
    started.server = server;
    try {
      return await use({ baseUrl: server.baseUrl, startedAt: new Date().toISOString(), alive: async () => server.running() });
    } finally {
      asked.push(...server.requests.map((request) => request.prompt));
      most = Math.max(most, server.most());
    }
  };
  const context = { signal, report: ({ message }: { message: string }) => void messages.push(message) };
  const record = await askWithRestarts(serve, { plan, journal, timeMs }, context, { ...quick, ...bounds });
  return { ...record, answers: [...answersOf(plan, journal.answered)], asked, messages, most };
}

/** How often each status or reason of failure came. */
export const statuses = (answers: Answer[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const answer of answers) {
    const name = answer.status === 'failed' ? answer.reason : answer.status;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
};
export const always = (handler: Handler): MakeHandler => () => handler;
