import { expect } from 'vitest';
import type { AskOutcome } from '../../activities/evaluate/ask.ts';
import { containerName } from '../../activities/io/docker/names.ts';
import { getTree } from '../../activities/io/trees.ts';
import { limits } from '../../domain/index.ts';
import type { EvaluateResult, TrainResult } from '../../workflows/contract.ts';
import { busyboxImage } from '../fixtures/busybox.ts';
import type { HostileBench } from './bench.ts';

/** What a case came to, for its own check. */
export interface Seen {
  bench: HostileBench;
  /** Of the stage that ran last. */
  run: string;
  result: unknown;
  message: string;
  lines: string[];
}

const MiB = 1024 ** 2;

/** The engine keeps two files of `engineLogBytes`; what the store keeps is bounded by `logBytes`. */
export async function engineLogIsBounded({ bench, run, lines }: Seen): Promise<void> {
  const { HostConfig } = await bench.docker.getContainer(containerName({ run, stage: 'train' })).inspect();
  expect(HostConfig.LogConfig).toMatchObject({ Type: 'json-file', Config: { 'max-size': String(limits.engineLogBytes), 'max-file': '2' } });
  expect(lines.reduce((sum, line) => sum + line.length, 0)).toBeLessThan(limits.logBytes);
}

export function linesAreBounded({ lines }: Seen): void {
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(limits.logLineBytes + 100);
  expect(process.memoryUsage().rss).toBeLessThan(4_000 * MiB);
}

export function noShadow({ bench }: Seen): void {
  for (const bytes of bench.store.objects.values()) expect(Buffer.from(bytes).includes('root:*:')).toBe(false);
}

/** The run that the forged labels name, which never ran anything. */
export const victim = 'reprise-hostile-victim';

export async function labelsAreOurs({ bench, run, result }: Seen): Promise<void> {
  const { Config, State } = await bench.docker.getContainer(containerName({ run, stage: 'train' })).inspect();
  expect(Config.Labels).toMatchObject({ 'reprise.run': run, 'reprise.stage': 'train', 'com.docker.compose.project': '' });
  expect(State.Health).toBeUndefined();
  expect(await bench.docker.listContainers({ all: true, filters: { label: [`reprise.run=${victim}`] } })).toEqual([]);
  const { entries } = await getTree(bench.store, (result as TrainResult).output);
  expect(entries.map(({ path }) => path)).toEqual(['weights']);
}

/** A container of somebody else that has the name which this run's training would have. */
export async function trainBesideNamesake(bench: HostileBench): Promise<unknown> {
  const context = bench.newContext('name-clash', 'train');
  const name = containerName(context);
  const namesake = await bench.docker.createContainer({ name, Image: busyboxImage, Cmd: ['sleep', '60'], Labels: { somebody: 'else' }, HostConfig: { NetworkMode: 'none' } });
  await namesake.start();
  return bench.train('name-clash', {}, context);
}

export async function namesakeIsUntouched({ bench, run }: Seen): Promise<void> {
  const namesake = bench.docker.getContainer(containerName({ run, stage: 'train' }));
  const { Config, State } = await namesake.inspect();
  expect(Config.Labels).toEqual({ somebody: 'else' });
  expect(State.Running).toBe(true);
  await namesake.remove({ force: true });
}

/** Asks a server of the closed stage and then one of a later stage of the same run. */
export async function hoardTwice(bench: HostileBench): Promise<AskOutcome> {
  const first = bench.newContext('serve-hoards-questions', 'evaluate-closed');
  await bench.ask('serve-hoards-questions', {}, first);
  return bench.ask('serve-hoards-questions', {}, bench.newContext('serve-hoards-questions', 'evaluate-open', first.run));
}

/** What the later server found is what itself kept when it was asked whether it is ready. */
export function nothingWasHoarded({ result }: Seen): void {
  const places = 4; // Of those that it tries, the ones in memory.
  const { text } = result as { text: string };
  expect(text === 'nothing' || text.trim().split(' ').length <= places, text).toBe(true);
}

/** In megabytes, of all places together: they are memory, or refused. */
export function littleWasWritten({ result, lines }: Seen): void {
  const { text } = result as { text: string };
  expect(Number(text)).toBeLessThan(120);
  expect(lines).toContain('its volume holds: kept');
  for (const place of ['/', '/root', '/var/lib', '/data', '/model']) expect(lines.join('\n')).toContain(`refused: ${place} `);
}

/** Each question has exactly one result, whatever was in flight when the server went. */
export function eachCountsOnce({ result }: Seen): void {
  const { counts, summary } = result as EvaluateResult;
  expect(counts.answered + counts.failed + counts.unanswered).toBe(4);
  expect(counts.answered).toBeGreaterThanOrEqual(2);
  expect(summary).toMatch(/the server died \d times/);
}

export function nothingForged({ result }: Seen): void {
  expect(JSON.stringify(result)).not.toContain('forged');
}

export function timesAreOurs({ result }: Seen): void {
  expect((result as EvaluateResult).latencyMs).toMatchObject({ p50: expect.any(Number) as number });
  expect(JSON.stringify((result as EvaluateResult).latencyMs)).not.toContain('-1');
}
