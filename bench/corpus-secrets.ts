import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { scanDirectoryInto } from '../activities/scan/directory.ts';
import { scanGitObjects } from '../activities/scan/git-objects.ts';
import { createSession } from '../activities/scan/session.ts';
import type { SecretFinding } from '../domain/index.ts';
import { runGitleaks, runSecretlint, type Compared } from './compare-scanners.ts';

const Truth = z.object({ path: z.string(), kind: z.string(), sha256_of_value: z.string(), verdict: z.enum(['true_positive', 'false_positive', 'placeholder', 'default_credential']) });
type Truth = z.infer<typeof Truth>;

/**
 * Compares a scan of a directory with a ground truth: JSONL of {path, kind, sha256_of_value, verdict}, `archive!entry` for
 * what is packed, `?` for what only the history of `repository` holds. Values are compared by hash; none is printed. Prints JSON.
 */
export async function runCorpus(directory: string, truthFile: string, repository?: string): Promise<object> {
  const truth = readTruth(truthFile);
  const session = createSession({ fingerprintKey: Buffer.alloc(32) }, sha256Of);
  const started = performance.now();
  await scanDirectoryInto(session, directory);
  const seconds = (performance.now() - started) / 1000;
  const { scanned } = session.report();
  if (repository !== undefined) await scanGitObjects(session, repository, 'history');
  const report = session.report();
  return { ...compare(truth, report.findings), scanned, incompleteBecause: report.incompleteBecause ?? [], seconds, megabytesPerSecond: scanned.bytes / 1e6 / seconds };
}

function compare(truth: Truth[], findings: SecretFinding[]): Record<string, unknown> {
  const real = truth.filter(({ verdict }) => verdict === 'true_positive');
  const realValues = new Set(real.map(({ sha256_of_value }) => sha256_of_value));
  const decoys = new Set(truth.filter(({ verdict }) => verdict !== 'true_positive').map(({ sha256_of_value }) => sha256_of_value));
  const blocking = findings.filter(({ severity }) => severity === 'block');
  const foundAt = new Set(blocking.map((finding) => `${placeOf(finding)}\0${finding.fingerprint}`));
  const foundValues = new Set(blocking.map(({ fingerprint }) => fingerprint));
  // A ground truth that does not say where a value stood is met by the value.
  const isFound = ({ path, sha256_of_value: value }: Truth): boolean => (path === '?' ? foundValues.has(value) : foundAt.has(`${path}\0${value}`));
  const unknown = blocking.filter(({ fingerprint }) => !realValues.has(fingerprint));
  return {
    truePositives: real.length,
    found: real.filter(isFound).length,
    distinctValues: realValues.size,
    distinctFound: [...realValues].filter((value) => foundValues.has(value)).length,
    missed: real.filter((row) => !isFound(row)).map(({ path, kind }) => `${kind} in ${path}`),
    decoys: decoys.size,
    decoysReported: findings.filter(({ fingerprint }) => decoys.has(fingerprint)).length,
    blockingOutsideTruth: unknown.map((finding) => `${finding.rule} in ${placeOf(finding)}:${finding.line ?? ''}`),
    bySeverity: Object.fromEntries(['block', 'warn', 'note'].map((each) => [each, findings.filter(({ severity }) => severity === each).length])),
  };
}

function placeOf(finding: SecretFinding): string {
  return [finding.path, ...(finding.within ?? []).filter((name) => name !== 'decoded')].join('!');
}

/** The same tree read by gitleaks and by secretlint, one after the other, as a Markdown table. Values are compared by hash. */
export async function compareScanners(directory: string, truthFile: string, repository: string | undefined, gitleaks: string): Promise<string> {
  const truth = readTruth(truthFile).filter(({ verdict }) => verdict === 'true_positive');
  const values = new Set(truth.map(({ sha256_of_value }) => sha256_of_value));
  const own = await runOwn(directory, repository);
  const megabytes = treeBytes(directory) / 1e6;
  const compared = [own, await runGitleaks(gitleaks, directory, repository), await runSecretlint(directory)];
  const rows = compared.map(({ tool, said, seconds }) => {
    const places = new Set(said.map(({ path, sha256 }) => `${path}\0${sha256}`));
    const told = new Set(said.map(({ sha256 }) => sha256));
    const found = truth.filter(({ path, sha256_of_value: value }) => (path === '?' ? told.has(value) : places.has(`${path}\0${value}`))).length;
    const isFalse = said.filter(({ sha256 }) => !values.has(sha256)).length;
    return [tool, `${found} of ${truth.length}`, `${[...values].filter((value) => told.has(value)).length} of ${values.size}`, isFalse, (megabytes / seconds).toFixed(1), seconds.toFixed(1)];
  });
  return table([['scanner', 'found', 'different values', 'false', 'MB/s', 'seconds'], ...rows]);
}

async function runOwn(directory: string, repository: string | undefined): Promise<Compared> {
  const session = createSession({ fingerprintKey: Buffer.alloc(32) }, sha256Of);
  const started = performance.now();
  await scanDirectoryInto(session, directory);
  const seconds = (performance.now() - started) / 1_000;
  if (repository !== undefined) await scanGitObjects(session, repository, 'history');
  const blocking = session.report().findings.filter(({ severity }) => severity === 'block');
  return { tool: 'reprise scan', said: blocking.map((finding) => ({ path: placeOf(finding), sha256: finding.fingerprint })), seconds };
}

function treeBytes(directory: string): number {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

function table(rows: (string | number)[][]): string {
  const [head = [], ...body] = rows.map((row) => `| ${row.join(' | ')} |`);
  return [head, `|${' --- |'.repeat(rows[0]?.length ?? 0)}`, ...body].join('\n');
}

function sha256Of(value: string): string {
  return createHash('sha256').update(value, 'latin1').digest('hex');
}

function readTruth(file: string): Truth[] {
  return readFileSync(file, 'utf8').trim().split('\n').map((line) => Truth.parse(JSON.parse(line)));
}

if (import.meta.main) {
  const options = { truth: { type: 'string' }, secrets: { type: 'boolean' }, git: { type: 'string' }, compare: { type: 'boolean' }, gitleaks: { type: 'string' } } as const;
  const { positionals, values } = parseArgs({ allowPositionals: true, options });
  const [directory] = positionals;
  if (directory === undefined || values.truth === undefined) throw new Error('usage: npm run corpus -- DIR --secrets --truth FILE [--git GITDIR] [--compare [--gitleaks PROGRAM]]');
  const answer = values.compare
    ? await compareScanners(resolve(directory), values.truth, values.git, values.gitleaks ?? 'gitleaks')
    : JSON.stringify(await runCorpus(directory, values.truth, values.git), null, 2);
  process.stdout.write(`${answer}\n`);
}
