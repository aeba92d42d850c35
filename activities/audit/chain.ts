import { LogEntry, transparencyLogKey, transparencyLogPrefix } from '../../domain/index.ts';
import { hashOf, parseJson } from '../attest/bytes.ts';
import type { ObjectStore } from '../io/store.ts';
import { problem, type AuditProblem } from './problems.ts';

/**
 * Reads the whole hash chain: every link must name the hash of the one before it, and one of them this run with the hashes of
 * its manifest and attestation.
 */
export async function checkChain(
  store: ObjectStore,
  expected: Pick<LogEntry, 'run' | 'manifestSha256' | 'attestationSha256'>,
): Promise<AuditProblem[]> {
  const problems: AuditProblem[] = [];
  const own: LogEntry[] = [];
  let previous: string | null = null;
  let sequence = 0;
  for (const key of await keysOf(store)) {
    const bytes = await store.get(key);
    const entry = LogEntry.safeParse(parseJson(bytes));
    if (key !== transparencyLogKey(sequence)) problems.push(problem('broken-chain', transparencyLogKey(sequence), `missing before ${key}`));
    else if (!entry.success || entry.data.sequence !== sequence) problems.push(problem('broken-chain', key, `is not link ${sequence} of the log`));
    else if (entry.data.previous !== previous) problems.push(problem('broken-chain', key, 'does not name the hash of the link before it'));
    if (problems.length > 0) break; // What follows a broken link proves nothing, and says nothing more.
    if (entry.success && entry.data.run === expected.run) own.push(entry.data);
    previous = hashOf(bytes as Uint8Array);
    sequence += 1;
  }
  return [...problems, ...checkOwn(own, expected, problems.length > 0)];
}

async function keysOf(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(transparencyLogPrefix)) keys.push(key);
  return keys.sort();
}

function checkOwn(own: LogEntry[], { run, manifestSha256, attestationSha256 }: Pick<LogEntry, 'run' | 'manifestSha256' | 'attestationSha256'>, isBroken: boolean): AuditProblem[] {
  const [first, ...more] = own;
  // Behind the break the entry may well stand; that it was not found is no finding of its own.
  if (!first) return isBroken ? [] : [problem('not-in-log', transparencyLogPrefix, `no link names the run ${run}`)];
  const differing = first.manifestSha256 === manifestSha256 && first.attestationSha256 === attestationSha256 ? [] : [first];
  return [
    ...differing.map(({ sequence }) => problem('not-in-log', transparencyLogKey(sequence), 'the link names another manifest or attestation of this run')),
    ...more.map(({ sequence }) => problem('broken-chain', transparencyLogKey(sequence), `the run stands in the log already, as link ${first.sequence}`)),
  ];
}
