import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson, type AuditReport, type Run, type RunManifest } from '../../domain/index.ts';
import { connect, findRun, startReproduction, watchRun, type Reprise } from '../../index.ts';
import { workflowQueue, workflowType } from '../../workflows/contract.ts';
import { stackConfig } from '../stack.ts';
import { reprise } from './command.ts';
import { leftInEngine } from './engine.ts';

const root = resolve(import.meta.dirname, '..', '..');
const source = join(root, 'examples', 'addition');
const suite = join(root, 'examples', 'suites', 'addition');
let scratch: string;
let connection: Reprise;
let first: Run;

async function json<T>(args: string[], environment: Record<string, string> = {}): Promise<T> {
  const { stdout, stderr } = await reprise([...args, '--json'], environment);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as T;
}

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'reprise-addition-'));
  connection = await connect(await stackConfig());
  first = await json<Run>(['start', source, '--suite', suite, '--watch']);
}, 600_000);
afterAll(async () => {
  await connection.close();
  rmSync(scratch, { recursive: true, force: true });
});

describe('the first reproduction', () => {
  it('comes to its end with the scores that the submission claims', () => {
    expect(first.status, JSON.stringify(first.stages, null, 1)).toBe('completed');
    expect(first.stages.filter(({ status }) => status !== 'completed')).toEqual([]);
    expect(first.score?.open).toBeGreaterThanOrEqual(0.9);
    expect(first.score?.closed).toBeLessThan(0.95);
    expect(first.score?.claimHolds).toBe(true);
  });

  it('leaves nothing in the engine', async () => {
    expect(await leftInEngine(first.run)).toEqual([]);
  });

  it('keeps its history far below what Temporal allows', async () => {
    const { handle } = await findRun(connection, first.run);
    expect(Number((await handle.describe()).historyLength)).toBeLessThan(200);
  });

  it.each(['build', 'train', 'evaluate-open'])('has its log of %s in the store', async (stage) => {
    const { stdout } = await reprise(['logs', first.run, '--stage', stage]);
    expect(stdout).toMatch(/^\S+ \S+/);
  });

  it('is listed with its columns, and found by a filter over them', async () => {
    const { runs } = await json<{ runs: { run: string; score: number; status: string }[] }>(['list', '--filter', "RepriseSubmission = 'addition' AND RepriseScore > 0.5"]);
    expect(runs.find(({ run }) => run === first.run)).toMatchObject({ status: 'completed', team: expect.any(String), track: 'cpu', stage: 'attest' });
  });

  it('keeps the closed questions out of the history and of every stored object', async () => {
    const questions = readdirSync(join(suite, 'closed')).flatMap((file) => readFileSync(join(suite, 'closed', file), 'utf8').trim().split('\n'));
    const ids = questions.map((line) => (JSON.parse(line) as { id: string }).id);
    const { handle } = await findRun(connection, first.run);
    const history = JSON.stringify(await handle.fetchHistory());
    expect(ids.filter((id) => history.includes(id))).toEqual([]);
    const found: string[] = [];
    for await (const { key, sizeBytes } of connection.store.list('')) {
      if (sizeBytes > 5_000_000) continue; // image layers and weights, made before a question was asked
      const text = Buffer.from((await connection.store.get(key)) ?? []).toString('latin1');
      found.push(...ids.filter((id) => text.includes(`"${id}"`)).map((id) => `${id} in ${key}`));
    }
    expect(found).toEqual([]);
  });
});

describe('the same submission again', () => {
  it('takes every stage from the store, with the same score, and is audited', async () => {
    const again = await json<Run>(['start', source, '--suite', suite, '--watch']);
    const computed = again.stages.filter(({ cached }) => !cached).map(({ name }) => name);
    expect(computed).toEqual(['intake', 'attest']);
    expect(again.score).toEqual(first.score);
    expect(again.workflowId).toBe(first.workflowId);
    expect(again.run).not.toBe(first.run);
    expect(await json<AuditReport>(['audit', again.run, '--rescore'])).toMatchObject({ verified: true, level: 'L1', problems: [] });
  });

  it('attaches while it is under way; cancelling it stops the training and leaves nothing', async () => {
    const options = { suite, fresh: true };
    const [started] = await startReproduction(connection, source, options);
    const [attached] = await startReproduction(connection, source, options);
    expect(attached).toMatchObject({ run: started?.run, attached: true });
    for await (const { run } of watchRun(connection, started?.run ?? '', { everyMs: 300 })) {
      if (run?.stages.some(({ name, status }) => name === 'train' && status === 'running')) break;
    }
    const { stdout, exitCode } = await reprise(['cancel', started?.run ?? '']);
    expect(stdout).toContain('cancelled');
    expect(exitCode).toBe(0);
    expect(await leftInEngine(started?.run ?? '')).toEqual([]);
    expect((await reprise(['status', started?.run ?? ''])).stdout).toContain('cancelled');
  });

  it('goes on with `retry` from what is stored', async () => {
    const run = await json<Run>(['retry', first.workflowId, '--watch']);
    expect(run.status).toBe('completed');
    expect(run.score).toEqual(first.score);
  });

  it('can be started with plain JSON, as the Temporal UI does, and a bad one fails at once with the reason', async () => {
    const start = (args: unknown[]) =>
      connection.temporal.workflow.start(workflowType, { taskQueue: workflowQueue, workflowId: `typed-${Math.random()}`, args });
    const good = await start([{ source: { kind: 'directory', path: source }, suite: { kind: 'directory', path: suite } }]);
    expect(await good.result()).toMatchObject({ status: 'completed', score: first.score });
    const bad = await start([{ source: { kind: 'ftp' }, suite: { kind: 'directory', path: suite }, extra: 1 }]);
    await expect(bad.result()).rejects.toMatchObject({ cause: { type: 'REQUEST_INVALID', message: expect.stringContaining('source') } });
  });
});

describe('an exported run', () => {
  const nothingUp = { REPRISE_TEMPORAL_ADDRESS: '127.0.0.1:1', REPRISE_S3_ENDPOINT: 'http://127.0.0.1:1' };
  let exported: string;
  beforeAll(async () => {
    exported = join(scratch, 'exported');
    expect((await reprise(['export', first.run, exported])).exitCode).toBe(0);
  });

  it('verifies with everything stopped', async () => {
    expect(await json<AuditReport>(['audit', exported, '--rescore'], nothingUp)).toMatchObject({ verified: true, level: 'L1', signedBy: { trusted: true } });
  });

  const manifestOf = (directory: string): RunManifest => JSON.parse(readFileSync(join(directory, 'runs', first.run, 'manifest.json'), 'utf8')) as RunManifest;
  const objectOf = (directory: string, path: string): string => join(directory, manifestOf(directory).artifacts.find((each) => each.path === path)?.key ?? '');

  it.each<[string, string, (directory: string) => void]>([
    ['a flipped byte', 'wrong-hash', (directory) => {
      const path = objectOf(directory, 'scores/scores.json');
      const bytes = readFileSync(path);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      writeFileSync(path, bytes);
    }],
    ['a missing object', 'missing-object', (directory) => rmSync(objectOf(directory, 'answers/open.jsonl'))],
    ['an added answer', 'unlisted-object', (directory) => {
      writeFileSync(join(directory, 'runs', first.run, 'answers', 'evaluate-open', '00009999.jsonl'), `${canonicalJson({ status: 'answered', id: 'x', text: '1', latencyMs: 1, attempts: 1 })}\n`);
    }],
    ['a manifest that leaves something out', 'manifest-mismatch', (directory) => {
      const manifest = manifestOf(directory);
      writeFileSync(join(directory, 'runs', first.run, 'manifest.json'), canonicalJson({ ...manifest, artifacts: manifest.artifacts.slice(1) }));
    }],
    ['a signature of somebody else', 'bad-signature', (directory) => {
      const path = join(directory, 'runs', first.run, 'attestation.dsse.json');
      const envelope = JSON.parse(readFileSync(path, 'utf8')) as { signatures: { sig: string }[] };
      for (const signature of envelope.signatures) signature.sig = Buffer.alloc(64, 7).toString('base64');
      writeFileSync(path, JSON.stringify(envelope));
    }],
  ])('does not verify with %s, and says so', async (_what, code, tamper) => {
    const directory = mkdtempSync(join(scratch, 'tampered-'));
    cpSync(exported, directory, { recursive: true });
    tamper(directory);
    const { exitCode, stdout } = await reprise(['audit', directory, '--rescore', '--json'], nothingUp);
    expect((JSON.parse(stdout) as AuditReport).problems.map((problem) => problem.code)).toContain(code);
    expect(exitCode).toBe(5);
  });

  it('keeps the private keys at home, readable by their owner only', async () => {
    const { signingKeyFile } = await stackConfig();
    expect(statSync(signingKeyFile).mode & 0o777).toBe(0o600);
    const names = readdirSync(exported, { recursive: true }).map(String);
    expect(names.filter((name) => name.includes('signing.pem') || name.includes('suite.key'))).toEqual([]);
  });
});
