import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDocker } from '../../activities/io/docker/connection.ts';
import { manifestKey, type Run, type RunManifest } from '../../domain/index.ts';
import { connect, storeOf } from '../../cli/connection.ts';
import { stackConfig } from '../stack.ts';
import { type Finished, reprise } from './command.ts';
import { filesOfStack, historyOf, payloadsIn, printedOf, storedObjects } from './everything.ts';

const submission = join(import.meta.dirname, '..', 'submissions', 'tells-secrets');

/** Made here, as no file may hold one: a token that a rule knows, one that no rule knows, and one that the source itself holds. */
const letters = (length: number): string => [...randomBytes(length)].map((byte) => 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ'[byte % 49]).join('');
const token = `hf_${letters(34)}`;
const key = `p"${letters(6)}/s\\s+w0rd&of=${letters(5)} 7%`;
const baked = `hf_${letters(34)}`;
/** What a retry gives in place of the first. */
const renewed = `hf_${letters(34)}`;

let scratch: string;
let told: Finished;
let run: Run;
let broken: Finished;
let retried: Finished;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'reprise-secrets-'));
  cpSync(submission, join(scratch, 'entry'), { recursive: true });
  writeFileSync(join(scratch, 'entry', 'baked.txt'), `${baked}\n`);
  cpSync(join(scratch, 'entry'), join(scratch, 'broken'), { recursive: true });
  writeFileSync(join(scratch, 'broken', 'Dockerfile.train'), `FROM debian:bookworm-slim\nCOPY tell.pl /\nRUN perl /tell.pl HF_TOKEN && echo ${'x'.repeat(120)} $HF_TOKEN ${baked} >&2 && exit 3\nCMD ["true"]\n`);
  writeFileSync(join(scratch, 'key'), `${key}\n`);
  writeQuestions('open', 20);
  writeQuestions('closed', 20);
  const start = (entry: string): Promise<Finished> =>
    reprise(['start', join(scratch, entry), '--suite', join(scratch, 'suite'), '--secret', 'HF_TOKEN', '--secret', `TEAM_KEY=@${join(scratch, 'key')}`, '--watch', '--json'], { HF_TOKEN: token });
  [told, broken] = await Promise.all([start('entry'), start('broken')]);
  run = JSON.parse(told.stdout) as Run;
  const again = ['retry', (JSON.parse(broken.stdout) as Run).run, '--secret', 'HF_TOKEN', '--secret', `TEAM_KEY=@${join(scratch, 'key')}`, '--watch', '--json'];
  retried = await reprise(again, { HF_TOKEN: renewed });
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function writeQuestions(stage: string, count: number): void {
  mkdirSync(join(scratch, 'suite', stage), { recursive: true });
  const lines = Array.from({ length: count }, (_, index) => ({ id: `${stage}-${index}`, prompt: `${stage} number ${index}${index === 19 ? ', refuse' : ''}`, references: ['42'], metrics: ['exact_match'] }));
  writeFileSync(join(scratch, 'suite', stage, 'numbers.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

/** A value as it is, escaped for JSON and addresses, in hexadecimal, and in the base64 of each alignment. */
function formsOf(value: string): string[] {
  const hex = Buffer.from(value).toString('hex');
  const whole = [0, 1, 2].map((shift) => Buffer.from(' '.repeat(shift) + value).toString('base64').slice(4, Math.floor((shift + value.length) / 3) * 4));
  return [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value), hex, hex.toUpperCase(), ...whole];
}

/** What is packed is looked at unpacked too. */
function viewsOf(bytes: Uint8Array): Buffer[] {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (content[0] === 0x1f && content[1] === 0x8b) return [content, gunzipSync(content)];
  return content.length > 4 && content.readUInt32LE(0) === 0xfd2fb528 ? [content, zstdDecompressSync(content)] : [content];
}

async function placesOf(values: string[], all: AsyncIterable<[string, Uint8Array]>): Promise<string[]> {
  const forms = values.flatMap(formsOf);
  const places: string[] = [];
  for await (const [name, bytes] of all) {
    const found = viewsOf(bytes).flatMap((view) => forms.filter((form) => view.includes(form)));
    if (found.length > 0) places.push(`${name}: form ${forms.indexOf(found[0] ?? '')}`);
  }
  return places;
}

/** Configuration, history and layers of the run's images, as the engine gives them out. */
async function* images(): AsyncIterable<[string, Uint8Array]> {
  const docker = createDocker((await stackConfig()).dockerSocket);
  const { temporal, close } = await connect(await stackConfig());
  const history = JSON.stringify((await temporal.workflow.getHandle(run.workflowId).fetchHistory()).events?.flatMap((event) => [...payloadsIn(event)].map((payload) => Buffer.from(payload).toString('utf8'))));
  await close();
  const ids = new Set(history.match(/sha256:[0-9a-f]{64}/g));
  const present = (await docker.listImages()).filter(({ Id }) => ids.has(Id));
  expect(present).not.toEqual([]);
  for (const { Id } of present) {
    const image = docker.getImage(Id);
    yield [`history of ${Id}`, Buffer.from(JSON.stringify([await image.inspect(), await image.history()]))];
    const chunks: Buffer[] = [];
    for await (const chunk of (await image.get()) as Readable) chunks.push(chunk as Buffer);
    yield [`layers of ${Id}`, Buffer.concat(chunks)];
  }
}

async function* histories(): AsyncIterable<[string, Uint8Array]> {
  for (const { workflowId, uiUrl } of [run, ...[broken, retried].map(({ stdout }) => JSON.parse(stdout) as Run)]) yield* historyOf(workflowId, uiUrl.split('/').at(-2));
}

let prints: [string, Uint8Array][] | undefined;
async function* printed(): AsyncIterable<[string, Uint8Array]> {
  if (!prints) {
    prints = [broken, retried].map(({ stdout, stderr }) => ['start and retry', Buffer.from(stdout + stderr)]);
    for await (const each of printedOf(run.run, told, join(scratch, 'exported'))) prints.push(each);
  }
  yield* prints;
}

describe('a submission that tells its secrets in every stage', () => {
  it('has them where it asked for them, and comes to its end', () => {
    expect(run.status, JSON.stringify([run.stages, told.stderr], null, 1)).toBe('completed');
    expect(run.stages.filter(({ outcome }) => outcome?.status === 'failed')).toEqual([]);
  });

  it.each([
    ['the object store', storedObjects],
    ['the disk of the stack, with the Temporal database and all logs', filesOfStack],
    ['the history in Temporal', histories],
    ['what the commands print and export', printed],
    ['the images that were built', images],
  ])('leaves not one byte of them in %s', async (_where, all) => {
    expect(await placesOf([token, renewed, key], all())).toEqual([]);
  });

  it('shows markers in their place, in logs, answers and outputs', async () => {
    const texts = new Map<string, string>();
    const store = storeOf(await stackConfig());
    const manifest = JSON.parse(Buffer.from((await store.get(manifestKey(run.run))) ?? []).toString('utf8')) as RunManifest;
    for (const { path, key: at, sizeBytes } of manifest.artifacts) if (sizeBytes < 50_000_000) texts.set(path, Buffer.from((await store.get(at)) ?? []).toString('utf8'));
    for (const path of ['logs/build.log', 'logs/train.log', 'logs/evaluate-open.log', 'answers/open.jsonl', 'model/tree/HF_TOKEN.txt', 'model/tree/logs/TEAM_KEY.json']) {
      expect(texts.get(path), `${path} of ${[...texts.keys()].join(', ')}`).toMatch(/\[redacted:(HF_TOKEN|TEAM_KEY)\]/);
    }
    const findings = ['scans/train.json', 'scans/evaluate-open.json'].map((path) => texts.get(path) ?? '');
    for (const each of findings) expect(each).toMatch(/"rule": "given-secret"[^]*"severity": "block"/);
    expect(JSON.parse((await reprise(['audit', run.run, '--rescore', '--json'])).stdout)).toMatchObject({ verified: true, problems: [] });
  });

  it('fails with words that name the secret and not its value, where a step that tells it fails', async () => {
    const outcome = (JSON.parse(broken.stdout) as Run).stages.find(({ name }) => name === 'build')?.outcome;
    expect(outcome).toMatchObject({ status: 'failed', code: 'BUILD_STEP_FAILED', message: expect.stringContaining('[redacted:HF_TOKEN]') });
  });

  it('gets the values that a retry gives, and fails with the same words', async () => {
    const { run: again, stages } = JSON.parse(retried.stdout) as Run;
    expect(again).not.toBe((JSON.parse(broken.stdout) as Run).run);
    expect(stages.find(({ name }) => name === 'build')).toMatchObject({ cached: false, outcome: { code: 'BUILD_STEP_FAILED', message: expect.stringContaining('[redacted:HF_TOKEN]') } });
  });

  it('is not retried without its values', async () => {
    const { exitCode, stdout } = await reprise(['retry', run.run, '--json'], {});
    expect(JSON.parse(stdout)).toMatchObject({ code: 'SECRET_MISSING', message: 'the submission needs HF_TOKEN, TEAM_KEY, which is not given' });
    expect(exitCode).toBe(4);
  });

  it('has its values on the machine no longer than it runs', async () => {
    const { home } = await stackConfig();
    expect(existsSync(join(home, 'secrets'))).toBe(true);
    expect(readdirSync(join(home, 'secrets'))).toEqual([]);
  });
});

describe('a token that stands in the source', () => {
  it.each([
    ['the history in Temporal', histories],
    ['the answers', async function* answers(): AsyncIterable<[string, Uint8Array]> {
      for await (const [name, bytes] of storedObjects()) if (name.includes('/answers/')) yield [name, bytes];
    }],
    ['the logs of the stages, and of the parts of the stack', async function* logs(): AsyncIterable<[string, Uint8Array]> {
      for await (const [name, bytes] of storedObjects()) if (name.includes('/logs/')) yield [name, bytes];
      for await (const [name, bytes] of filesOfStack()) if (/\/logs\/[^/]+\.log/.test(name)) yield [name, bytes];
    }],
    ['what the commands print', async function* terminal(): AsyncIterable<[string, Uint8Array]> {
      for await (const [name, bytes] of printed()) if (!name.startsWith('exported')) yield [name, bytes];
    }],
  ])('is masked in %s', async (_where, all) => {
    expect(await placesOf([baked], all())).toEqual([]);
  });

  it('stays in the private store, so the search finds what is there', async () => {
    expect(await placesOf([baked], storedObjects())).not.toEqual([]);
  });
});

it('says before anything starts that a secret is not given', async () => {
  const { exitCode, stdout } = await reprise(['start', join(scratch, 'entry'), '--suite', join(scratch, 'suite'), '--json'], { HF_TOKEN: token });
  expect(JSON.parse(stdout)).toMatchObject({ code: 'SECRET_MISSING', message: 'the submission needs HF_TOKEN, TEAM_KEY, which is not given' });
  expect(exitCode).toBe(4);
});
