import { canonicalBytes, limits, LogEntry, mediaTypes, sequenceOf, transparencyLogKey, transparencyLogPrefix } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { forEachConcurrently } from '../io/concurrency.ts';
import type { ObjectStore } from '../io/store.ts';
import { hashOf } from './manifest.ts';

export interface Link {
  entry: LogEntry;
  sha256: string;
}

export interface TransparencyLog {
  /**
   * Adds the run to the chain and gives its number; a run that is there keeps its own. The number is claimed by
   * create-if-absent, and who loses it takes the next. Failures: STORE_CORRUPT where the chain has a gap or a wrong link,
   * PLATFORM_ERROR where the run is there with other hashes.
   */
  append(link: Pick<LogEntry, 'run' | 'manifestSha256' | 'attestationSha256'>): Promise<number>;
}

/** The hash chain `log/<seq>.json`. Links are never changed, so that each is read once in a worker's life. */
export function openTransparencyLog(store: ObjectStore): TransparencyLog {
  const links: Link[] = [];
  const sequences = new Map<string, number>();
  return {
    async append(link) {
      for (;;) {
        await readNewLinks(store, links, sequences);
        const known = sequences.get(link.run);
        if (known !== undefined) return confirm(links[known], link);
        const sequence = links.length;
        const entry: LogEntry = { schema: 'reprise.log/v1', sequence, previous: links.at(-1)?.sha256 ?? null, ...link };
        const created = await store.putIfAbsent(transparencyLogKey(sequence), canonicalBytes(entry), mediaTypes.json);
        if (created === 'created') return sequence;
      }
    },
  };
}

/** The number of links, from their keys. Failures: STORE_CORRUPT where a number is missing. */
async function countLinks(store: ObjectStore): Promise<number> {
  let count = 0;
  for await (const { key } of store.list(transparencyLogPrefix)) {
    if (sequenceOf(key) !== count) throw failure('STORE_CORRUPT', `the log has a gap: ${transparencyLogKey(count)} is missing before ${key}`);
    count += 1;
  }
  return count;
}

async function readNewLinks(store: ObjectStore, links: Link[], sequences: Map<string, number>): Promise<void> {
  const missing = Array.from({ length: (await countLinks(store)) - links.length }, (_, index) => links.length + index);
  const read = new Map<number, Link>();
  await forEachConcurrently(missing, limits.storeReadsInFlight, async (sequence) => void read.set(sequence, await readLink(store, sequence)));
  for (const sequence of missing) {
    const link = read.get(sequence);
    // Two appends of this worker read at the same time; the first one to come here adds the link.
    if (!link || sequence !== links.length) continue;
    if (link.entry.previous !== (links.at(-1)?.sha256 ?? null)) {
      throw failure('STORE_CORRUPT', `${transparencyLogKey(sequence)} does not continue the link before it`);
    }
    links.push(link);
    if (!sequences.has(link.entry.run)) sequences.set(link.entry.run, sequence);
  }
}

async function readLink(store: ObjectStore, sequence: number): Promise<Link> {
  const key = transparencyLogKey(sequence);
  const bytes = await store.get(key);
  if (!bytes) throw failure('STORE_CORRUPT', `the object ${key} is missing`);
  const entry = LogEntry.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  if (!entry.success || entry.data.sequence !== sequence) throw failure('STORE_CORRUPT', `the object ${key} is not link ${sequence} of the log`);
  return { entry: entry.data, sha256: hashOf(bytes) };
}

function confirm(link: Link | undefined, mine: Pick<LogEntry, 'run' | 'manifestSha256' | 'attestationSha256'>): number {
  const entry = link?.entry;
  if (entry?.manifestSha256 === mine.manifestSha256 && entry.attestationSha256 === mine.attestationSha256) return entry.sequence;
  throw failure('PLATFORM_ERROR', `the run ${mine.run} is in the log already, with another manifest or attestation`);
}
