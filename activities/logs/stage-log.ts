import { StringDecoder } from 'node:string_decoder';
import { limits, mediaTypes, type Artifact } from '../../domain/index.ts';
import { artifactOf, putBlobStream } from '../io/blobs.ts';
import type { ObjectStore } from '../io/store.ts';
import type { LinePart } from '../scan/redact.ts';
import { openChunkWriter } from './chunk-writer.ts';
import { containerTail, listChunks, putDroppedNote, type LogOwner } from './chunks.ts';
import type { Lease } from './lease.ts';
import { continuedMark, partsOf, printable, stamped, stampOf, textOf, timeOf } from './lines.ts';
import { logBytesOf } from './read.ts';

/** Takes secrets out of a line before it is kept or shown; see createRedactor (activities/scan/redact.ts). */
export type Redact = ((line: string, part?: LinePart) => string) & { rest?(): string };

export interface StageLogOptions extends LogOwner {
  scratchDirectory: string;
  redact?: Redact;
  /** With it, attempts before this one can write no more, and this one cannot after the next has begun. */
  lease?: Lease;
}

/** A stage's log while it is written: durable in chunks within `logChunkMs`, readable by everybody who reaches the store. */
export interface StageLog {
  /** Takes text in any portions; each complete line is stamped with the time of its arrival. */
  write(content: string | Uint8Array): Promise<void>;
  /**
   * Takes one entry of a container's log with the engine's stamp: a line, or a part of one that the engine cut. What `resume`
   * found in the store is not kept again.
   */
  writeLine(text: string, at: string, part?: LinePart): Promise<void>;
  /**
   * To be called before a container's log is read (again): from which Unix second on it must be, so that no line is lost.
   * Undefined where nothing is stored yet. Stored lines from then on are known to `writeLine`.
   */
  resume(): Promise<number | undefined>;
  /** The last line that says something, without escape sequences, at most `lastLineCharacters`. */
  lastLine(): string | undefined;
  /** Makes durable what was written; for an attempt that lets go of its container. */
  flush(): Promise<void>;
  /** Flushes and keeps the whole log, earlier attempts included, as one object. */
  close(): Promise<Artifact>;
}

/** stdout and stderr are stamped before they are put in order, so lines can stand this far out of order in the engine's log. */
const overlapMs = 1_000;

/** Opens the log of a stage, behind what earlier attempts wrote. Failures, also of every later call: STORE_UNREACHABLE, ATTEMPT_SUPERSEDED. */
export async function openStageLog(store: ObjectStore, options: StageLogOptions): Promise<StageLog> {
  const redact: Redact = options.redact ?? ((line) => line);
  const writer = await openChunkWriter(store, options, options.lease);
  const portions = createPortions();
  let last: string | undefined;
  let known = new Map<string, number>();

  const keep = async (line: string): Promise<void> => {
    last = printable(textOf(line)) || last;
    await writer.keep(line);
  };
  const keepText = async ({ text, continues }: Portion): Promise<void> => {
    for (const part of partsOf(redact(text, { continues, stream: 1 }) + (continues ? continuedMark : ''))) await keep(stamped(new Date().toISOString(), part));
  };
  const flush = async (): Promise<void> => {
    for (const line of portions.end()) await keepText(line);
    await writer.flush();
  };

  return {
    async write(content) {
      for (const line of portions.take(content)) await keepText(line);
    },
    async writeLine(text, at, part) {
      // Also what is stored already goes through: a secret over two lines is told by the line before.
      const redacted = redact(text, part) + (part?.continues === true ? continuedMark : '');
      if (!takeOne(known, at)) await keep(stamped(at, redacted));
    },
    async resume() {
      await flush();
      const tail = await containerTail(store, await listChunks(store, options), overlapMs);
      known = countsOf(tail.map(stampOf));
      const newest = tail.at(-1);
      last ??= newest && printable(textOf(newest));
      return newest === undefined ? undefined : Math.floor((timeOf(newest) - overlapMs) / 1_000);
    },
    lastLine: () => last,
    flush,
    async close() {
      const rest = redact.rest?.() ?? '';
      if (rest !== '') await keep(stamped(new Date().toISOString(), rest));
      await flush();
      await options.lease?.assertHeld();
      if (writer.droppedLines() > 0) await putDroppedNote(store, options, writer.droppedLines());
      const blob = await putBlobStream(store, logBytesOf(store, options), mediaTypes.text, options.scratchDirectory);
      return artifactOf(blob, `logs/${options.stage}.log`, 'log');
    },
  };
}

interface Portion {
  text: string;
  continues: boolean;
}

/** Complete lines out of portions of text or bytes; an endless line is given out in pieces. */
function createPortions(): { take(content: string | Uint8Array): Portion[]; end(): Portion[] } {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return {
    take(content) {
      const lines = (rest + (typeof content === 'string' ? content : decoder.write(Buffer.from(content)))).split('\n');
      rest = lines.pop() ?? '';
      const portions = lines.map((line) => ({ text: line.replace(/\r$/, ''), continues: false }));
      if (rest.length <= limits.logLineBytes) return portions;
      const piece = { text: rest, continues: true };
      rest = '';
      return [...portions, piece];
    },
    end() {
      const text = rest + decoder.end();
      rest = '';
      return text === '' ? [] : [{ text, continues: false }];
    },
  };
}

/**
 * Entries of the same stamp come in the same order whenever the engine is asked, so their number says which of them are stored;
 * their text does not, as it was redacted.
 */
function countsOf(stamps: string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const stamp of stamps) counts.set(stamp, (counts.get(stamp) ?? 0) + 1);
  return counts;
}

function takeOne(counts: Map<string, number>, stamp: string): boolean {
  const count = counts.get(stamp) ?? 0;
  if (count > 0) counts.set(stamp, count - 1);
  return count > 0;
}
