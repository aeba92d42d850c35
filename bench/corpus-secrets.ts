import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { scanDirectoryInto } from '../activities/scan/directory.ts';
import { scanGitObjects } from '../activities/scan/git-objects.ts';
import { createSession } from '../activities/scan/session.ts';
import type { SecretFinding } from '../domain/index.ts';

const Truth = z.object({ path: z.string(), kind: z.string(), sha256_of_value: z.string(), verdict: z.enum(['true_positive', 'false_positive', 'placeholder', 'default_credential']) });
type Truth = z.infer<typeof Truth>;

/**
 * Compares a scan of a directory with a ground truth: JSONL of {path, kind, sha256_of_value, verdict}, `archive!entry` for
 * what is packed, `?` for what only the history of `repository` holds. Values are compared by hash; none is printed. Prints JSON.
 */
export async function runCorpus(directory: string, truthFile: string, repository?: string): Promise<object> {
  const truth = readFileSync(truthFile, 'utf8').trim().split('\n').map((line) => Truth.parse(JSON.parse(line)));
  const session = createSession({ fingerprintKey: Buffer.alloc(32) }, (value) => createHash('sha256').update(value, 'latin1').digest('hex'));
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

if (import.meta.main) {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { truth: { type: 'string' }, secrets: { type: 'boolean' }, git: { type: 'string' } } });
  const [directory] = positionals;
  if (directory === undefined || values.truth === undefined) throw new Error('usage: npm run corpus -- DIR --secrets --truth FILE [--git GITDIR]');
  process.stdout.write(`${JSON.stringify(await runCorpus(directory, values.truth, values.git), null, 2)}\n`);
}
