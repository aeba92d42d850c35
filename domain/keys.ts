/**
 * Every key of the object store is built here and nowhere else, so that what is stored where can be read on one screen.
 *
 *   cas/sha256/ab/<hex>                     every byte ever kept
 *   cache/<stage>/<hex>.json                a stage's result under the hash of its inputs
 *   runs/<run>/manifest.json                sorted list of what the run stored
 *   runs/<run>/attestation.dsse.json        signed statement about the manifest
 *   runs/<run>/logs/<stage>/<seq>.log       a log while it is written
 *   runs/<run>/answers/<stage>/<seq>.jsonl  answers, durable as they arrive
 *   runs/<run>/recording/<role>/<seq>.jsonl what a build took in, durable as it arrives
 *   runs/<run>/lease/<stage>/<seq>.json     which attempt may write, the newest one
 *   runs/<run>/budget/<instant>.<kind>.json starts, pauses and ends of a training, from which its budget is counted
 *   runs/<run>/checkpoints/<seq>.json       checkpoints of a training while it goes on
 *   runs/<run>/moves/<instant>.json         moves of the run from one host to another
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

/** Logs while they are written: one a stage, and of what a training asked for outside. */
export type LogName = StageName | 'train-network';

export function logChunkPrefix(run: string, stage: LogName): string {
  return `${runPrefix(run)}logs/${stage}/`;
}

export function logChunkKey(run: string, stage: LogName, sequence: number): string {
  return `${logChunkPrefix(run, stage)}${padded(sequence, 8)}.log`;
}

export function answerJournalPrefix(run: string, stage: StageName): string {
  return `${runPrefix(run)}answers/${stage}/`;
}

export function answerJournalKey(run: string, stage: StageName, sequence: number): string {
  return `${answerJournalPrefix(run, stage)}${padded(sequence, 8)}.jsonl`;
}

export function leasePrefix(run: string, stage: StageName): string {
  return `${runPrefix(run)}lease/${stage}/`;
}

export function leaseKey(run: string, stage: StageName, epoch: number): string {
  return `${leasePrefix(run, stage)}${padded(epoch, 8)}.json`;
}

export function budgetPrefix(run: string): string {
  return `${runPrefix(run)}budget/`;
}

/** `instant` is ISO 8601, so that the keys sort by time; the store takes colons, tools on other systems do not. */
export function budgetKey(run: string, instant: string, kind: 'start' | 'pause' | 'end'): string {
  return `${budgetPrefix(run)}${instant.replaceAll(':', '-')}.${kind}.json`;
}

export function checkpointPrefix(run: string): string {
  return `${runPrefix(run)}checkpoints/`;
}

export function checkpointKey(run: string, sequence: number): string {
  return `${checkpointPrefix(run)}${padded(sequence, 8)}.json`;
}

export function movePrefix(run: string): string {
  return `${runPrefix(run)}moves/`;
}

export function moveKey(run: string, instant: string): string {
  return `${movePrefix(run)}${instant.replaceAll(':', '-')}.json`;
}

export function recordingJournalPrefix(run: string, role: string): string {
  return `${runPrefix(run)}recording/${role}/`;
}

export function recordingJournalKey(run: string, role: string, sequence: number): string {
  return `${recordingJournalPrefix(run, role)}${padded(sequence, 8)}.jsonl`;
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
