import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { startBuildProxy } from '../activities/pin/by-date/build-proxy.ts';
import { createHttpClient } from '../activities/pin/by-date/http.ts';
import { resolveSteps, type Resolution } from '../activities/pin/by-date/resolve.ts';
import { createIndexHandler } from '../activities/pin/by-date/serve-index.ts';
import { createUpstream } from '../activities/pin/by-date/upstream.ts';
import { readConfig } from '../infra/config.ts';
import { askClients } from '../infra/pip-configuration.ts';

/**
 * Resolves real requirement sets as of a date and as of today, through our index:
 *   node bench/corpus-pip.ts ENVIRONMENTS.jsonl [--date 2023-10-25T23:59:59Z] [--uv uv] [--env 0,21] [--joined]
 * Each line: {env, steps: [[requirement]], requirements: [requirement], pins_as_of_date?: {name: version}}. Prints how many resolve, why the others
 * do not, and how far versions drifted; exit code 1 where less than 32 of 33 resolve as of the date.
 */
const Environment = z.object({
  env: z.number().nullable(),
  requirements: z.array(z.string()).default([]),
  steps: z.array(z.array(z.string())).default([]),
  pins_as_of_date: z.record(z.string(), z.string()).nullish(),
});
type Environment = z.infer<typeof Environment>;

interface Measured {
  environment: Environment;
  dated: Resolution;
  today: Resolution;
  seconds: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { date: { type: 'string', default: '2023-10-25T23:59:59Z' }, uv: { type: 'string', default: 'uv' }, env: { type: 'string' }, joined: { type: 'boolean', default: false } },
});

const config = readConfig();
const scratchDirectory = await mkdtemp(join(tmpdir(), 'reprise-corpus-'));
const client = createHttpClient({ caBundle: config.caBundle, httpProxy: config.httpProxy, httpsProxy: config.httpsProxy });
const cacheDirectory = join(config.cache, 'pip-index');
await mkdir(cacheDirectory, { recursive: true });
const { pipIndexUrl } = await askClients(config);
if (pipIndexUrl === undefined) throw new Error('no package index is configured: set REPRISE_PIP_INDEX_URL');
const upstream = createUpstream({ client, indexUrl: pipIndexUrl, cacheDirectory });
const proxy = await startBuildProxy({ address: '127.0.0.1', handler: createIndexHandler({ upstream }) });
try {
  const environments = await readEnvironments(positionals[0] ?? '');
  const measured: Measured[] = [];
  for (const environment of environments) measured.push(await measure(environment));
  printSummary(measured);
} finally {
  await proxy.close();
  client.close();
  await rm(scratchDirectory, { recursive: true, force: true });
}

async function readEnvironments(path: string): Promise<Environment[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter(Boolean);
  const only = values.env?.split(',').map(Number);
  return lines.map((line) => Environment.parse(JSON.parse(line))).filter(({ env, requirements }) => requirements.length > 0 && (only?.includes(env ?? -1) ?? true));
}

async function measure(environment: Environment): Promise<Measured> {
  const options = { upstream, origin: proxy.url, python: '3.10', scratchDirectory, uv: values.uv };
  const steps = values.joined ? [environment.requirements] : environment.steps;
  const startedAt = performance.now();
  const dated = await resolveSteps(steps, { ...options, date: values.date });
  const seconds = (performance.now() - startedAt) / 1_000;
  const today = await resolveSteps(steps, { ...options, date: new Date().toISOString() });
  const words = dated.status === 'resolved' ? `${Object.keys(dated.pins).length} pins, ${dated.fidelity} ${dated.reasons.join('; ')}` : `${dated.reason}: ${dated.message.slice(0, 300)}`;
  console.log(`${environment.env}: ${words} (${seconds.toFixed(1)} s)${known(environment, dated)}${today.status === 'resolved' ? '' : ` | today ${today.reason}: ${today.message.slice(0, 200)}`}`);
  return { environment, dated, today, seconds };
}

/** Where the set names pins of its own for the date, how ours differ from them. */
function known({ pins_as_of_date: expected }: Environment, dated: Resolution): string {
  if (!expected || dated.status !== 'resolved') return '';
  const names = new Set([...Object.keys(expected), ...Object.keys(dated.pins)]);
  const differing = [...names].filter((name) => expected[name] !== dated.pins[name]);
  return differing.length === 0 ? ', equal to the known pins' : `, differs: ${differing.map((name) => `${name} ${expected[name]} -> ${dated.pins[name]}`).join(', ').slice(0, 300)}`;
}

function printSummary(measured: Measured[]): void {
  const resolved = measured.filter(({ dated }) => dated.status === 'resolved');
  const count = (fidelity: string): number => resolved.filter(({ dated }) => dated.status === 'resolved' && dated.fidelity === fidelity).length;
  console.log(`\nas of ${values.date}: ${resolved.length}/${measured.length} (${count('faithful')} faithful, ${count('near')} near, ${count('substitution')} substitution)`);
  console.log(`today: ${measured.filter(({ today }) => today.status === 'resolved').length}/${measured.length}`);
  const pairs = measured.flatMap(({ dated, today }) => (dated.status === 'resolved' && today.status === 'resolved' ? [[dated.pins, today.pins] as const] : []));
  const shared = pairs.flatMap(([then, now]) => Object.keys(then).filter((name) => now[name] !== undefined).map((name) => then[name] !== now[name]));
  console.log(`drift: ${shared.filter(Boolean).length} of ${shared.length} shared pins differ (${Math.round((100 * shared.filter(Boolean).length) / shared.length)} %)`);
  const times = measured.map(({ seconds }) => seconds).sort((a, b) => a - b);
  console.log(`seconds an environment: median ${times[Math.floor(times.length / 2)]?.toFixed(1)}, most ${times.at(-1)?.toFixed(1)}`);
  if (resolved.length < (measured.length * 32) / 33) process.exitCode = 1;
}
