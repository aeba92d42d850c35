import { type Answer, answerJournalKey, answerJournalPrefix, sequenceOf, type StageName } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import type { ObjectStore } from '../io/store.ts';
import type { Spool } from '../io/spool.ts';
import type { Sealing } from './sealing.ts';
import { formatSegment, parseSegment, type Segment } from './segment.ts';
import { type AnswerShelf, type AnswersById, createAnswerShelf } from './shelf.ts';

export interface AnswerJournal {
  /** What is durable, by question id; the first durable answer of an id stays. */
  answered: AnswersById;
  /** Undefined until an attempt began. */
  deadline(): Date | undefined;
  /** The stage's absolute deadline: the first that was stored for these inputs, in whichever attempt. Call it before append. */
  begin(deadline: Date): Promise<Date>;
  /** Resolves when the answer is stored. Answers that arrive while a segment is being stored go together into the next. */
  append(answer: Answer): Promise<void>;
}

export interface JournalIdentity {
  run: string;
  stage: StageName;
  /** Hash of what is asked and of whom; answers to other inputs under the same run are not taken over. */
  inputs: string;
}

/** Segments read at once: enough to hide the store's latency, few enough to stay small in memory. */
const readAhead = 16;

/**
 * The durable answers of one stage: segments `runs/<run>/answers/<stage>/<seq>.jsonl`, created if absent, never changed. A
 * sequence number that another attempt took first is read and merged, and the own answers go under the next. What the answers say is
 * set aside in `spool`.
 * Failures: STORE_CORRUPT where a segment does not parse, STORE_UNREACHABLE.
 */
export async function openAnswerJournal(store: ObjectStore, identity: JournalIdentity, sealing: Sealing, spool: Spool): Promise<AnswerJournal> {
  const journal: Journal = { store, identity, sealing, answered: createAnswerShelf(spool), deadline: undefined, sequence: 0 };
  await readAll(journal);
  return {
    answered: journal.answered,
    deadline: () => journal.deadline,
    async begin(deadline) {
      if (!journal.deadline) await write(journal, deadline, []);
      return journal.deadline ?? deadline;
    },
    append: groupCommit(async (answers) => {
      if (!journal.deadline) throw new TypeError('an answer came before the journal began');
      await write(journal, journal.deadline, answers);
    }),
  };
}

interface Journal {
  store: ObjectStore;
  identity: JournalIdentity;
  sealing: Sealing;
  answered: AnswerShelf;
  deadline: Date | undefined;
  /** Of the next segment. */
  sequence: number;
}

async function readAll(journal: Journal): Promise<void> {
  const { run, stage } = journal.identity;
  const sequences: number[] = [];
  for await (const { key } of journal.store.list(answerJournalPrefix(run, stage))) {
    const sequence = sequenceOf(key);
    if (sequence !== undefined) sequences.push(sequence);
  }
  sequences.sort((a, b) => a - b);
  for (let first = 0; first < sequences.length; first += readAhead) {
    const segments = await Promise.all(sequences.slice(first, first + readAhead).map((sequence) => read(journal, sequence)));
    for (const segment of segments) merge(journal, segment);
  }
  journal.sequence = (sequences.at(-1) ?? -1) + 1;
}

async function read({ store, identity, sealing }: Journal, sequence: number): Promise<Segment> {
  const key = answerJournalKey(identity.run, identity.stage, sequence);
  const bytes = await store.get(key);
  if (!bytes) throw failure('STORE_CORRUPT', `the answer journal ${key} is missing`);
  return parseSegment(key, sealing.open(bytes));
}

function merge(journal: Journal, segment: Segment): void {
  if (segment.inputs !== journal.identity.inputs) return;
  journal.deadline ??= segment.deadline;
  for (const answer of segment.answers) journal.answered.add(answer);
}

/** Stores the answers under the first free number, without those that turn out to be durable already. */
async function write(journal: Journal, deadline: Date, answers: Answer[]): Promise<void> {
  const { run, stage, inputs } = journal.identity;
  const { store, sealing } = journal;
  let missing = answers;
  do {
    const segment = { inputs, deadline, answers: missing };
    const key = answerJournalKey(run, stage, journal.sequence);
    const outcome = await store.putIfAbsent(key, sealing.seal(formatSegment(segment)), sealing.mediaType);
    merge(journal, outcome === 'created' ? segment : await read(journal, journal.sequence));
    journal.sequence += 1;
    missing = answers.filter((answer) => !journal.answered.has(answer.id));
  } while (missing.length > 0 || !journal.deadline);
}

/** One write at a time; what comes meanwhile waits together for the next. A failed write fails only its own answers. */
function groupCommit(commit: (answers: Answer[]) => Promise<void>): (answer: Answer) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  let waiting: { answers: Answer[]; stored: Promise<void> } | undefined;
  return (answer) => {
    if (!waiting) {
      const answers: Answer[] = [];
      const stored = last.then(() => {
        waiting = undefined;
        return commit(answers);
      });
      waiting = { answers, stored };
      last = stored.catch(() => undefined);
    }
    waiting.answers.push(answer);
    return waiting.stored;
  };
}
