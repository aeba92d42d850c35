import { createHash } from 'node:crypto';
import {
  type ChatMessage,
  type Judge,
  type JudgedItem,
  type JudgeDefinition,
  type Judgement,
  type NoVerdict,
  pairMessages,
  pairValues,
  type PairItem,
  type RubricItem,
  readScore,
  readWinner,
  rubricMessages,
  settlePair,
  summarise,
  type Verdict,
} from '../../domain/analysis/index.ts';
import { limits } from '../../domain/index.ts';
import { forEachConcurrently } from '../io/concurrency.ts';
import type { ObjectStore } from '../io/store.ts';
import { createBudget, type Budget } from './budget.ts';
import { clientLimits, type ClientSettings, complete } from './client.ts';
import { createReplyCache, type ReplyCache } from './verdict-cache.ts';

export interface JudgeDependencies {
  /** Keeps replies, so that nothing is asked and paid twice. */
  store: ObjectStore;
  secretOf(judge: Judge): string | undefined;
  settings?: Partial<ClientSettings>;
  signal?: AbortSignal;
}

/**
 * Scores answers by a rubric with every judge. What a judge is asked goes to its endpoint: closed questions are not for it.
 * Failures: JUDGE_UNAVAILABLE where one refuses for good. A verdict that is missing says why and is no zero.
 */
export function judgeByRubric(dependencies: JudgeDependencies, definition: JudgeDefinition, items: readonly RubricItem[]): Promise<Judgement> {
  return judgeAll(dependencies, definition, 'rubric', items, async (ask, item) => {
    const reply = await ask(rubricMessages(item, definition, fenceFor(item)));
    return typeof reply === 'string' ? verdictOf(readScore(reply, definition.scale)) : { value: null, ...reply };
  });
}

/** Compares two answers with every judge, each pair in both orders; what a judge says in one order only counts as a tie. Failures as above. */
export function judgePairs(dependencies: JudgeDependencies, definition: JudgeDefinition, items: readonly PairItem[]): Promise<Judgement> {
  return judgeAll(dependencies, definition, 'pairwise', items, async (ask, item) => {
    const exchanged = { ...item, first: item.second, second: item.first };
    const winners: ('first' | 'second' | 'tie')[] = [];
    for (const order of [item, exchanged]) {
      const reply = await ask(pairMessages(order, definition, fenceFor(item)));
      if (typeof reply !== 'string') return { value: null, ...reply };
      const winner = readWinner(reply);
      if (winner === null) return verdictOf(null);
      winners.push(winner);
    }
    const { verdict, consistent } = settlePair(winners[0] ?? 'tie', winners[1] ?? 'tie');
    return { value: pairValues[verdict], consistent };
  });
}

/** A judge's reply, or why there is none. */
type Ask = (messages: ChatMessage[]) => Promise<string | { missing: NoVerdict }>;

interface Session {
  definition: JudgeDefinition;
  dependencies: JudgeDependencies;
  cache: ReplyCache;
  budget: Budget;
  requests: number;
  cached: number;
}

async function judgeAll<Item extends { id: string }>(
  dependencies: JudgeDependencies,
  definition: JudgeDefinition,
  mode: Judgement['mode'],
  items: readonly Item[],
  judgeOne: (ask: Ask, item: Item) => Promise<Omit<Verdict, 'judge'>>,
): Promise<Judgement> {
  const session: Session = { definition, dependencies, cache: createReplyCache(dependencies.store), budget: createBudget(definition.costCap), requests: 0, cached: 0 };
  const judged = items.map(({ id }): JudgedItem => ({ id, verdicts: [] }));
  await Promise.all(
    definition.judges.map((judge, at) =>
      forEachConcurrently(items.entries(), limits.judgeRequestsInFlight, async ([index, item]) => {
        const verdict = await judgeOne((messages) => askJudge(session, judge, messages), item);
        (judged[index] as JudgedItem).verdicts[at] = { judge: judge.name, ...verdict };
      }),
    ),
  );
  const { requests, cached, budget } = session;
  return { ...summarise(mode, definition, judged), cost: { ...budget.cost(), requests, cached } };
}

async function askJudge(session: Session, judge: Judge, messages: ChatMessage[]): ReturnType<Ask> {
  const { definition, dependencies, cache, budget } = session;
  const request = { judge, messages, maxTokens: definition.maxTokens };
  const known = await cache.get(request);
  if (known !== undefined) {
    session.cached += 1;
    return known;
  }
  const reservation = budget.reserve(judge.price, { inputTokens: mostTokens(messages), outputTokens: definition.maxTokens });
  if (!reservation) return { missing: 'cost-cap' };
  session.requests += 1;
  const settings = { ...clientLimits, ...dependencies.settings, secretOf: dependencies.secretOf };
  const completion = await complete(request, settings, dependencies.signal).catch((error: unknown) => {
    reservation.release();
    throw error;
  });
  if (!completion) {
    reservation.release();
    return { missing: 'unavailable' };
  }
  reservation.settle(completion.usage);
  await cache.put(request, completion.text);
  return completion.text;
}

function verdictOf(value: number | null): Omit<Verdict, 'judge'> {
  return value === null ? { value, missing: 'unreadable' } : { value };
}

/** No tokenizer makes more tokens than a text has bytes; some for the frame of each message. */
function mostTokens(messages: readonly ChatMessage[]): number {
  return messages.reduce((sum, { content }) => sum + Buffer.byteLength(content) + 16, 0);
}

/** A word that who wrote the answer could not know: it depends on the answer itself. */
function fenceFor(item: RubricItem | PairItem): string {
  return createHash('sha256').update(JSON.stringify(item)).digest('hex').slice(0, 12);
}
