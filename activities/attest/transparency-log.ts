import { canonicalBytes, limits, LogEntry, mediaTypes, transparencyLogKey } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import type { ObjectStore } from '../io/store.ts';
import { hashOf, parseJson } from './bytes.ts';

export interface TransparencyLog {
  /**
   * Adds the run to the chain and gives its number; a run that is there keeps its own. The number is claimed by
   * create-if-absent, and who loses it takes the next. Failures: STORE_CORRUPT where the chain has a gap or a wrong link,
   * PLATFORM_ERROR where the run is there with other hashes.
   */
  append(link: NewLink): Promise<number>;
}

type NewLink = Pick<LogEntry, 'run' | 'manifestSha256' | 'attestationSha256'>;

interface Link {
  entry: LogEntry;
  sha256: string;
}

/** The hash chain `log/<seq>.json`. Links are never changed, so that each is read once in a worker's life. */
export function openTransparencyLog(store: ObjectStore): TransparencyLog {
  const links: Link[] = [];
  return {
    async append(link) {
      for (;;) {
        await readNewLinks(store, links);
        const known = links.find(({ entry }) => entry.run === link.run);
        if (known) return confirm(known.entry, link);
        const sequence = links.length;
        const entry: LogEntry = { schema: 'reprise.log/v1', sequence, previous: links.at(-1)?.sha256 ?? null, ...link };
        const created = await store.putIfAbsent(transparencyLogKey(sequence), canonicalBytes(entry), mediaTypes.json);
        if (created === 'created') return sequence;
      }
    },
  };
}

/** Reads on from the last known link, a window of numbers at a time, until one is not there. */
async function readNewLinks(store: ObjectStore, links: Link[]): Promise<void> {
  for (let isComplete = false; !isComplete; ) {
    const first = links.length;
    const window = Array.from({ length: limits.storeReadsInFlight }, (_, index) => first + index);
    const found = await Promise.all(window.map((sequence) => readLink(store, sequence)));
    const end = found.indexOf(undefined);
    isComplete = end >= 0;
    for (const link of isComplete ? found.slice(0, end) : found) if (link) add(links, link);
    if (isComplete && found.slice(end).some(Boolean)) await refuseGap(store, first + end);
  }
}

/** A link that came while its predecessor was being read is no gap: a link is only written after the one before it was read. */
async function refuseGap(store: ObjectStore, sequence: number): Promise<void> {
  if (await store.head(transparencyLogKey(sequence))) return;
  throw failure('STORE_CORRUPT', `the log has a gap: ${transparencyLogKey(sequence)} is missing before later links`);
}

/** Two appends of one worker read at the same time: what the other one added already is passed over. */
function add(links: Link[], link: Link): void {
  if (link.entry.sequence !== links.length) return;
  if (link.entry.previous !== (links.at(-1)?.sha256 ?? null)) {
    throw failure('STORE_CORRUPT', `${transparencyLogKey(link.entry.sequence)} does not continue the link before it`);
  }
  links.push(link);
}

async function readLink(store: ObjectStore, sequence: number): Promise<Link | undefined> {
  const key = transparencyLogKey(sequence);
  const bytes = await store.get(key);
  if (!bytes) return undefined;
  const entry = LogEntry.safeParse(parseJson(bytes));
  if (!entry.success || entry.data.sequence !== sequence) throw failure('STORE_CORRUPT', `the object ${key} is not link ${sequence} of the log`);
  return { entry: entry.data, sha256: hashOf(bytes) };
}

function confirm(entry: LogEntry, mine: NewLink): number {
  if (entry.manifestSha256 === mine.manifestSha256 && entry.attestationSha256 === mine.attestationSha256) return entry.sequence;
  throw failure('PLATFORM_ERROR', `the run ${mine.run} is in the log already, with another manifest or attestation`);
}
