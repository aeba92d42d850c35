import { canonicalJson, limits, mediaTypes, recordingJournalKey, recordingJournalPrefix, RecordedExchange, sequenceOf } from '../../domain/index.ts';
import type { ObjectStore } from '../io/store.ts';

/** What a build took in so far; durable a second after it came. */
export interface Journal {
  add(exchange: RecordedExchange): void;
  exchanges(): readonly RecordedExchange[];
  /** Waits until everything is in the store; throws what kept it out. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/**
 * A journal that goes on after the chunks of earlier attempts, which `earlierExchanges` reads. The same answer to the same
 * request is kept once: a loop of redirects is no longer than its circle.
 */
export async function openJournal(store: ObjectStore, run: string, role: string): Promise<Journal> {
  let sequence = await nextSequence(store, run, role);
  const exchanges: RecordedExchange[] = [];
  const seen = new Map<string, string>();
  let waiting: RecordedExchange[] = [];
  let writing: Promise<void> = Promise.resolve();
  let problem: { error: unknown } | undefined;
  const write = async (): Promise<void> => {
    const lines = waiting;
    if (lines.length === 0) return;
    waiting = [];
    await store.putIfAbsent(recordingJournalKey(run, role, sequence), Buffer.from(linesOf(lines)), mediaTypes.jsonLines);
    sequence += 1;
  };
  const flushed = (): Promise<void> => (writing = writing.then(write).catch((error: unknown) => void (problem ??= { error })));
  const timer = setInterval(() => void flushed(), limits.recordJournalMs);
  const flush = async (): Promise<void> => {
    await flushed();
    if (problem) throw problem.error;
  };
  return {
    add(exchange) {
      const [key, answer] = [requestOf(exchange), answerOf(exchange)];
      if (seen.get(key) === answer) return;
      seen.set(key, answer);
      exchanges.push(exchange);
      waiting.push(exchange);
    },
    exchanges: () => exchanges,
    flush,
    async close() {
      clearInterval(timer);
      await flushed();
    },
  };
}

/** What earlier attempts of the same run took in, oldest first. A last line that is not whole is left out. */
export async function earlierExchanges(store: ObjectStore, run: string, role: string): Promise<RecordedExchange[]> {
  const exchanges: RecordedExchange[] = [];
  for await (const { key } of store.list(recordingJournalPrefix(run, role))) {
    const bytes = await store.get(key);
    if (bytes) exchanges.push(...exchangesIn(bytes));
  }
  return exchanges;
}

export function exchangesIn(bytes: Uint8Array): RecordedExchange[] {
  const lines = Buffer.from(bytes).toString('utf8').split('\n').filter((line) => line !== '');
  return lines.map((line) => RecordedExchange.parse(JSON.parse(line)));
}

export function linesOf(exchanges: readonly RecordedExchange[]): string {
  return exchanges.map((exchange) => `${canonicalJson(exchange)}\n`).join('');
}

/** By this a replay knows a request again. */
export function requestOf({ method, url, requestHeaders, requestBody }: Pick<RecordedExchange, 'method' | 'url' | 'requestHeaders' | 'requestBody'>): string {
  return JSON.stringify([method, url, requestBody ?? null, Object.entries(requestHeaders).sort()]);
}

/** Times and request ids in headers make no other answer; a status, a body or a place to go on does. */
function answerOf({ status, headers, body, failed }: RecordedExchange): string {
  const location = headers.find(([name]) => name.toLowerCase() === 'location');
  return JSON.stringify([status, body?.sha256 ?? null, location ?? null, failed ?? null]);
}

async function nextSequence(store: ObjectStore, run: string, role: string): Promise<number> {
  let next = 0;
  for await (const { key } of store.list(recordingJournalPrefix(run, role))) next = Math.max(next, (sequenceOf(key) ?? -1) + 1);
  return next;
}
