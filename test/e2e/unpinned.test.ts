import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDocker } from '../../activities/io/docker/connection.ts';
import { attestationKey, Locks, Statement, type ImageRecording, type PinReport, type Run, type RunManifest } from '../../domain/index.ts';
import { startUpstreams, usualAddress, type Upstreams } from '../../examples/upstreams/upstreams.ts';
import { connect, type Reprise } from '../../index.ts';
import { buildReaches } from '../stack-environment.ts';
import { stackConfig } from '../stack.ts';
import { reprise } from './command.ts';

const examples = resolve(import.meta.dirname, '..', '..', 'examples');
/** Nothing listens there: every server that a worker with these settings asks is gone. */
const nowhere = { REPRISE_HTTP_PROXY: 'http://127.0.0.1:9', REPRISE_HTTPS_PROXY: 'http://127.0.0.1:9' };

let scratch: string;
let connection: Reprise;
let upstreams: Upstreams;
let recorded: Run;

async function start(): Promise<Run> {
  const { stdout, stderr } = await reprise(['start', join(scratch, 'unpinned'), '--suite', join(examples, 'suites', 'unpinned'), '--watch', '--json']);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Run;
}

async function stored<Value>(run: Run, path: string): Promise<Value> {
  const bytes = async (key: string): Promise<string> => Buffer.from((await connection.store.get(key)) ?? []).toString('utf8');
  const { artifacts } = JSON.parse(await bytes(run.manifestKey ?? '')) as RunManifest;
  return JSON.parse(await bytes(artifacts.find((each) => each.path === path)?.key ?? '')) as Value;
}

/** What the store kept of the images goes as well: nothing is left of them but the recording of how they were built. */
async function removeStoredImages(): Promise<void> {
  const { home, s3Bucket } = await stackConfig();
  const { artifacts } = JSON.parse(Buffer.from((await connection.store.get(recorded.manifestKey ?? '')) ?? []).toString('utf8')) as RunManifest;
  const configurations = artifacts.filter(({ path }) => /^images\/\w+\/config\.json$/.test(path));
  expect(configurations).toHaveLength(2);
  for (const { key } of configurations) rmSync(join(home, 's3', s3Bucket, key), { force: true });
}

/** The images that these runs made: a later build must not find them. */
async function removeImages(): Promise<void> {
  const docker = createDocker((await stackConfig()).dockerSocket);
  const images = await Promise.all((await connection.temporal.workflow.getHandle(recorded.workflowId).fetchHistory()).events?.flatMap(({ activityTaskCompletedEventAttributes: done }) => idsIn(done?.result?.payloads?.[0]?.data)) ?? []);
  for (const id of images) await docker.getImage(id).remove({ force: true }).catch(() => undefined);
}

function idsIn(payload: Uint8Array | null | undefined): string[] {
  const text = Buffer.from(payload ?? []).toString('utf8');
  const { result } = JSON.parse(text === '' ? '{}' : text) as { result?: { recordings?: ImageRecording[]; images?: { id: string }[] } };
  return result?.recordings ? (result.images ?? []).map(({ id }) => id) : [];
}

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'reprise-unpinned-'));
  cpSync(join(examples, 'unpinned'), join(scratch, 'unpinned'), { recursive: true });
  for (const name of readdirSync(join(scratch, 'unpinned')).filter((each) => each.startsWith('Dockerfile'))) {
    const file = join(scratch, 'unpinned', name);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(usualAddress, buildReaches));
  }
  connection = await connect(await stackConfig());
  upstreams = await startUpstreams(buildReaches);
  recorded = await start();
}, 300_000);
afterAll(async () => {
  await removeImages();
  await connection.close();
  await reprise(['up']);
  rmSync(scratch, { recursive: true, force: true });
});

describe('a submission in which nothing is pinned', () => {
  it('comes to its end as of its date, though what it asks for has moved on', async () => {
    expect(recorded.status, JSON.stringify(recorded.stages, null, 1)).toBe('completed');
    expect(recorded.score?.claimHolds).toBe(true);
    const { images } = Locks.parse(await stored(recorded, 'pin/locks.json'));
    const installed = images.flatMap(({ steps }) => steps).flatMap(({ packages }) => packages).filter(({ installed: taken }) => taken);
    expect(installed.map(({ name, version }) => `${name} ${version}`)).toEqual(['inflect 5.6.0', 'toolz 0.11.2']);
    const report = await stored<PinReport>(recorded, 'pin/pin-report.json');
    expect(report.images.flatMap(({ commits }) => commits ?? [])).toMatchObject([{ committedAt: '2022-01-10T12:00:00.000Z', fidelity: 'faithful' }]);
    expect([...new Set(upstreams.asked)].filter((each) => !each.includes('endings.git'))).toEqual(['GET /irregular.json', 'GET /nouns.txt']);
  });

  it('is attested with the hash of every thing that it took in', async () => {
    const { payload } = JSON.parse(Buffer.from((await connection.store.get(attestationKey(recorded.run))) ?? []).toString('utf8')) as { payload: string };
    const { resolvedDependencies } = Statement.parse(JSON.parse(Buffer.from(payload, 'base64').toString('utf8'))).predicate.buildDefinition;
    const hashes = new Map(resolvedDependencies.map(({ name, uri, digest }) => [uri ?? name, digest]));
    const nouns = createHash('sha256').update(readFileSync(join(examples, 'upstreams', 'nouns.txt'))).digest('hex');
    expect(hashes.get(`http://${buildReaches}/nouns.txt`)).toEqual({ sha256: nouns });
    expect(hashes.get('pkg:pypi/inflect@5.6.0')).toEqual({ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(hashes.get(`git+http://${buildReaches}/endings.git`)).toEqual({ gitCommit: expect.stringMatching(/^[0-9a-f]{40}$/) });
  });

  it('is built again when every server is gone, and scores the same', async () => {
    await upstreams.close();
    await removeImages();
    await removeStoredImages();
    expect((await reprise(['up'], nowhere)).exitCode).toBe(0);
    const replayed = await start();
    const detailOf = (run: Run): string | undefined => run.stages.find(({ name }) => name === 'build')?.detail;
    expect(replayed.status, JSON.stringify(replayed.stages, null, 1)).toBe('completed');
    expect(detailOf(recorded)).toMatch(/serve: recorded.*train: recorded/);
    expect(detailOf(replayed)).toMatch(/serve: pinned.*train: pinned/);
    expect(replayed.score).toEqual(recorded.score);
  });
});
