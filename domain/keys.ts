/**
 * Every key of the object store is built here and nowhere else, so that what is stored where can be read on one screen.
 *
 *   cas/sha256/ab/<hex>                     every byte ever kept
 *   cache/<stage>/<hex>.json                a stage's result under the hash of its inputs
 *   runs/<run>/manifest.json                sorted list of what the run stored
 *   runs/<run>/attestation.dsse.json        signed statement about the manifest
 *   runs/<run>/logs/<stage>/<seq>.log       a log while it is written
 *   runs/<run>/answers/<stage>/<seq>.jsonl  answers, durable as they arrive
 *   log/<12-digit seq>.json                 hash chain over all manifests
 */
import type { StageName } from './stage.ts';

export function blobKey(sha256: string): string {
  return `cas/sha256/${sha256.slice(0, 2)}/${sha256}`;
}

export function cacheKey(stage: string, inputsSha256: string): string {
  return `cache/${stage}/${inputsSha256}.json`;
}

export function runPrefix(run: string): string {
  return `runs/${run}/`;
}

export function manifestKey(run: string): string {
  return `${runPrefix(run)}manifest.json`;
}

export function attestationKey(run: string): string {
  return `${runPrefix(run)}attestation.dsse.json`;
}

export function logChunkPrefix(run: string, stage: StageName): string {
  return `${runPrefix(run)}logs/${stage}/`;
}

export function logChunkKey(run: string, stage: StageName, sequence: number): string {
  return `${logChunkPrefix(run, stage)}${padded(sequence, 8)}.log`;
}

export function answerJournalPrefix(run: string, stage: StageName): string {
  return `${runPrefix(run)}answers/${stage}/`;
}

export function answerJournalKey(run: string, stage: StageName, sequence: number): string {
  return `${answerJournalPrefix(run, stage)}${padded(sequence, 8)}.jsonl`;
}

export const transparencyLogPrefix = 'log/';

export function transparencyLogKey(sequence: number): string {
  return `${transparencyLogPrefix}${padded(sequence, 12)}.json`;
}

/** The sequence number at the end of a log, journal or chain key; undefined where the key has none. */
export function sequenceOf(key: string): number | undefined {
  const match = /(\d+)\.[a-z]+$/.exec(key);
  return match ? Number(match[1]) : undefined;
}

function padded(sequence: number, digits: number): string {
  return String(sequence).padStart(digits, '0');
}
