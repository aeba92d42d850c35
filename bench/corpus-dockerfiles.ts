import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { checkPaths } from '../activities/check/check.ts';
import type { CheckedDockerfile } from '../domain/index.ts';

/**
 * Compares `reprise check` with a ground truth: `npm run corpus -- DIR --truth FILE`. DIR is a checkout of the set; FILE has one
 * line of JSON for each Dockerfile. Prints the table of hits and misses; exit code 1 where a target is missed. Without a truth it
 * tells whether every input has a verdict, and what is found.
 */
const Truth = z.object({
  path: z.string(),
  role: z.enum(['inference', 'train', 'tooling', 'data-prep']),
  context: z.string(),
  missing: z.array(z.string()),
});
type Truth = z.infer<typeof Truth>;

interface Row {
  what: string;
  expected: number;
  hits: number;
  falseAlarms: number;
  details: string[];
}

const roles: Record<Truth['role'], CheckedDockerfile['role']> = { inference: 'serve', train: 'train', tooling: 'other', 'data-prep': 'other' };

export interface DockerfileCorpus {
  seconds: number;
  rows: Row[];
  /** Every finding in words; the truth of the other breakages is read off by a person. */
  findings: string[];
  holds: boolean;
}

export async function runDockerfileCorpus(directory: string, truthFile?: string): Promise<DockerfileCorpus> {
  const lines = truthFile === undefined ? [] : (await readFile(truthFile, 'utf8')).split('\n').filter(Boolean);
  const truth = lines.map((line) => Truth.parse(JSON.parse(line)));
  const startedAt = performance.now();
  const { dockerfiles } = await checkPaths([directory]);
  const seconds = (performance.now() - startedAt) / 1000;
  const found = new Map(dockerfiles.map((each) => [relative(directory, each.path), each]));
  const compared = truthFile === undefined ? [] : [dockerfileRow(truth, found), roleRow(truth, found), contextRow(directory, truth, found), missingRow(truth, found)];
  const rows = [...compared, verdictRow(dockerfiles)];
  const holds = rows.every((row) => row.hits === row.expected && row.falseAlarms <= 2);
  return { seconds, rows, findings: otherFindings(dockerfiles), holds };
}

function dockerfileRow(truth: Truth[], found: Map<string, CheckedDockerfile>): Row {
  const known = new Set(truth.map((each) => each.path));
  const extra = [...found.keys()].filter((path) => !known.has(path));
  const absent = truth.filter((each) => !found.has(each.path)).map((each) => `not found: ${each.path}`);
  return {
    what: 'Dockerfiles found',
    expected: truth.length,
    hits: truth.length - absent.length,
    falseAlarms: extra.length,
    details: [...absent, ...extra.map((path) => `not in the truth: ${path}`)],
  };
}

function roleRow(truth: Truth[], found: Map<string, CheckedDockerfile>): Row {
  const wrong = truth.flatMap((each) => {
    const ours = found.get(each.path);
    return ours && ours.role !== roles[each.role] ? [`${each.path}: ${ours.role} (${ours.evidence.role}), truth ${each.role}`] : [];
  });
  return { what: 'role', expected: truth.length, hits: truth.length - wrong.length, falseAlarms: 0, details: wrong };
}

function contextRow(directory: string, truth: Truth[], found: Map<string, CheckedDockerfile>): Row {
  const wrong = truth.flatMap((each) => {
    const ours = found.get(each.path);
    return ours && relative(directory, ours.context) !== relative(directory, join(directory, each.context))
      ? [`${each.path}: ${ours.context} (${ours.evidence.context})`]
      : [];
  });
  return { what: 'build context', expected: truth.length, hits: truth.length - wrong.length, falseAlarms: 0, details: wrong };
}

function missingRow(truth: Truth[], found: Map<string, CheckedDockerfile>): Row {
  const expected = truth.flatMap((each) => each.missing.map((source) => `${each.path}: ${source}`));
  const ours = truth.flatMap((each) =>
    (found.get(each.path)?.inputs ?? [])
      .filter((input) => input.kind === 'copy' && input.verdict === 'resists')
      .map((input) => `${each.path}: ${input.spec}`),
  );
  const hits = expected.filter((each) => ours.includes(each)).length;
  const alarms = ours.filter((each) => !expected.includes(each));
  return { what: 'missing COPY sources', expected: expected.length, hits, falseAlarms: alarms.length, details: alarms };
}

function verdictRow(dockerfiles: CheckedDockerfile[]): Row {
  const inputs = dockerfiles.flatMap((each) => each.inputs);
  return {
    what: 'inputs with a verdict',
    expected: inputs.length,
    hits: inputs.filter((input) => input.verdict !== undefined).length,
    falseAlarms: 0,
    details: [],
  };
}

function otherFindings(dockerfiles: CheckedDockerfile[]): string[] {
  return dockerfiles.flatMap((each) =>
    each.findings.map((finding) => `${finding.severity} ${finding.code} ${each.path}:${finding.line}: ${finding.message}`),
  );
}

function print({ rows, findings, seconds }: DockerfileCorpus): void {
  console.table(
    rows.map(({ what, expected, hits, falseAlarms }) => ({ what, expected, hits, misses: expected - hits, 'false alarms': falseAlarms })),
  );
  for (const row of rows) for (const detail of row.details) console.log(`${row.what}: ${detail}`);
  console.log(`\nfindings (${findings.length}):`);
  for (const each of findings) console.log(`  ${each}`);
  console.log(`\n${seconds.toFixed(2)} s`);
}

if (import.meta.main) {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { truth: { type: 'string' }, json: { type: 'boolean' } } });
  const [directory] = positionals;
  if (directory === undefined) throw new Error('usage: npm run corpus -- DIR [--truth FILE] [--json]');
  const result = await runDockerfileCorpus(directory, values.truth);
  if (values.json === true) console.log(JSON.stringify(result));
  else print(result);
  process.exitCode = result.holds ? 0 : 1;
}
