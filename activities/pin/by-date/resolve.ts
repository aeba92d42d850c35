import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fidelity } from '../../../domain/index.ts';
import { failure } from '../../failure.ts';
import { run } from '../../io/subprocess.ts';
import { indexAddress } from './address.ts';
import { cutOffFor, withoutLocalVersion } from './cut-off.ts';
import type { Upstream } from './upstream.ts';

export interface ResolveOptions {
  upstream: Upstream;
  /** Where the index listens, e.g. `http://127.0.0.1:4711`. */
  origin: string;
  /** ISO 8601; what had been uploaded by then. */
  date: string;
  /** `3.10` */
  python: string;
  /** Under this directory uv keeps its cache; runs that share it are faster. */
  scratchDirectory: string;
  /** The program; `uv` unless given. */
  uv?: string;
  signal?: AbortSignal;
}

export type Resolution =
  | { status: 'resolved'; before: string; pins: Record<string, string>; fidelity: Fidelity; reasons: string[] }
  | { status: 'unresolved'; before: string; reason: UnresolvedReason; message: string };

export type UnresolvedReason = 'after-date' | 'local-version' | 'not-found' | 'conflict' | 'metadata';

/**
 * Predicts what pip would install as of a date, with uv against our index, running nothing of any package: sdists count by what
 * they say of themselves. Each step starts from what the earlier ones installed, as pip does. Where that has no answer, the
 * date moves to the newest exact pin (near), then local versions are left out (a substitution). For Linux on x86-64.
 * Failures: PREDICTION_UNAVAILABLE.
 */
export async function resolveSteps(steps: readonly string[][], options: ResolveOptions): Promise<Resolution> {
  const specs = steps.flat();
  const { before, moved } = await cutOffFor(options.upstream, options.date, specs, options.signal);
  const near = moved === undefined ? [] : [`the date moved from ${options.date} to ${before}: ${moved.spec} was uploaded ${moved.uploadedAt}`];
  const first = await resolveBefore(steps, before, options);
  if (first.status === 'resolved') return { ...first, fidelity: moved ? 'near' : 'faithful', reasons: near };
  const stripped = steps.map((step) => step.map(withoutLocalVersion));
  if (first.reason !== 'local-version') return first;
  const second = await resolveBefore(stripped, before, options);
  if (second.status !== 'resolved') return first;
  const replaced = specs.filter((spec) => withoutLocalVersion(spec) !== spec);
  return { ...second, fidelity: 'substitution', reasons: [...near, ...replaced.map((spec) => `${spec} is not on this index; resolved as ${withoutLocalVersion(spec)}`)] };
}

type Attempt = { status: 'resolved'; before: string; pins: Record<string, string> } | Extract<Resolution, { status: 'unresolved' }>;

async function resolveBefore(steps: readonly string[][], before: string, options: ResolveOptions): Promise<Attempt> {
  const directory = await mkdtemp(join(options.scratchDirectory, 'resolve-'));
  try {
    let pins: Record<string, string> = {};
    for (const step of steps) {
      if (step.length === 0) continue;
      const attempt = await resolveStep(step, pins, before, directory, options);
      if (attempt.status === 'unresolved') return attempt;
      pins = { ...pins, ...attempt.pins };
    }
    return { status: 'resolved', before, pins };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** uv prefers the versions that stand in its output file, as pip keeps what is installed and fits. */
async function resolveStep(step: readonly string[], installed: Record<string, string>, before: string, directory: string, options: ResolveOptions): Promise<Attempt> {
  const [input, output] = [join(directory, 'requirements.in'), join(directory, 'requirements.txt')];
  await writeFile(input, `${step.join('\n')}\n`);
  await writeFile(output, Object.entries(installed).map(([name, version]) => `${name}==${version}\n`).join(''));
  const index = indexAddress(before, 'predicted', options.origin);
  const args = ['pip', 'compile', input, '--output-file', output, '--default-index', index, '--python-version', options.python, '--python-platform', 'x86_64-unknown-linux-gnu'];
  const flags = ['--only-binary', ':all:', '--no-annotate', '--no-header', '--quiet', '--no-config', '--no-python-downloads', '--cache-dir', join(options.scratchDirectory, 'uv-cache')];
  const { exitCode, stderr } = await uvRun(options, [...args, ...flags]);
  if (exitCode !== 0) return { status: 'unresolved', before, ...reasonOf(stderr, step) };
  const lines = (await readFile(output, 'utf8')).matchAll(/^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==(\S+)/gm);
  return { status: 'resolved', before, pins: Object.fromEntries([...lines].map((match) => [match[1] as string, match[2] as string])) };
}

async function uvRun({ uv = 'uv', signal }: ResolveOptions, args: string[]): ReturnType<typeof run> {
  try {
    return await run(uv, args, { timeoutMs: 10 * 60_000, env: { NO_PROXY: '127.0.0.1,localhost', no_proxy: '127.0.0.1,localhost' }, ...(signal ? { signal } : {}) });
  } catch (error) {
    signal?.throwIfAborted();
    throw failure('PREDICTION_UNAVAILABLE', `${uv} cannot be run`, { cause: error });
  }
}

/** uv's sentences, which wrap at the width of a terminal. */
function reasonOf(stderr: string, step: readonly string[]): { reason: UnresolvedReason; message: string } {
  const message = stderr.replaceAll(/\s+/g, ' ').trim().slice(0, 1_000);
  const missing = /there is no version of (\S+?)(?=[\s,])/.exec(message)?.[1];
  if (missing?.includes('+')) return { reason: 'local-version', message };
  if (missing !== undefined) return { reason: 'after-date', message };
  if (/was not found in the package registry/.test(message)) return { reason: 'not-found', message };
  if (/metadata|Failed to (?:fetch|download|build|read)/i.test(message) && !/requirements are unsatisfiable/.test(message)) return { reason: 'metadata', message };
  return { reason: step.some((spec) => /==\s*\S+\+/.test(spec)) ? 'local-version' : 'conflict', message };
}
