import { failure } from '../../failure.ts';
import type { BuildInput, PinReport } from '../../../domain/index.ts';
import type { Settings } from '../../dependencies.ts';
import { isLocal } from '../pip-specs.ts';
import { upstreamOf } from './build-index.ts';
import { startBuildProxy } from './build-proxy.ts';
import { Unreachable } from './http.ts';
import { resolveSteps, type Resolution } from './resolve.ts';
import { createIndexHandler } from './serve-index.ts';

export interface Prediction {
  role: string;
  resolution: Resolution;
  /** What a prediction cannot see: packages from addresses, repositories and the submission itself, other indexes, the base image. */
  left: string[];
}

/**
 * What pip would install into each image as of the date, without building: in seconds, and running nothing of any package. The
 * build is the truth: it knows what the base image has and how its own pip chooses. Failures: PREDICTION_UNAVAILABLE,
 * PACKAGE_INDEX_UNREACHABLE.
 */
export async function predictPackages(settings: Settings, report: PinReport, options: { python: string; uv?: string; signal?: AbortSignal }): Promise<Prediction[]> {
  const upstream = upstreamOf(settings);
  if (!upstream) throw failure('PREDICTION_UNAVAILABLE', 'no package index is configured');
  const proxy = await startBuildProxy({ address: '127.0.0.1', handler: createIndexHandler({ upstream }) });
  const { scratchDirectory } = settings;
  try {
    const predictions: Prediction[] = [];
    for (const { role, inputs } of report.images) {
      const pip = inputs.filter(({ kind, spec }) => kind === 'pip' || /^git\+|@\s*git\+/.test(spec));
      const resolution = await resolveSteps(stepsOf(pip), { ...options, upstream, origin: proxy.url, date: report.asOf, scratchDirectory });
      predictions.push({ role, resolution, left: pip.filter((each) => !isResolvable(each)).map(({ spec, line }) => `line ${line}: ${spec}`) });
    }
    return predictions;
  } catch (error) {
    if (error instanceof Unreachable) throw failure('PACKAGE_INDEX_UNREACHABLE', error.message, { cause: error });
    throw error;
  } finally {
    await proxy.close();
    upstream.client.close();
  }
}

/** The requirements of each command that installs some, in order. */
function stepsOf(inputs: readonly BuildInput[]): string[][] {
  const lines = [...new Set(inputs.map(({ line }) => line))];
  return lines.map((line) => inputs.filter((each) => each.line === line && isResolvable(each)).map(({ spec }) => spec.replace(/\s--\S+.*$/, '')));
}

function isResolvable({ kind, spec, verdict }: BuildInput): boolean {
  return kind === 'pip' && (verdict === 'exact' || verdict === 'by-date') && !isLocal(spec) && !/^-r\s|:\/\//.test(spec) && /^[A-Za-z0-9]/.test(spec);
}
