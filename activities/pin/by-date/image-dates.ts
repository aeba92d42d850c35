import { failure } from '../../failure.ts';
import type { Settings } from '../../dependencies.ts';
import type { ImagePlan } from '../plan.ts';
import { upstreamOf } from './build-index.ts';
import { cutOffAfter, indexInstants } from './address.ts';
import { cutOffFor, exactPin, type CutOff } from './cut-off.ts';
import { datedBuild, type DatedBuild } from './dockerfile-lines.ts';
import { Unreachable } from './http.ts';
import { npmKnowsBefore } from './npm-times.ts';
import type { Upstream } from './upstream.ts';

export interface ImageDate {
  cutOff: CutOff;
  dated: DatedBuild;
}

/**
 * For each image the instant before which its packages are resolved; undefined where it takes none, or where neither an index nor
 * a snapshot archive is configured. Failures: PACKAGE_INDEX_UNREACHABLE.
 */
export async function imageDates(settings: Settings, asOf: string, plans: readonly ImagePlan[], signal: AbortSignal): Promise<(ImageDate | undefined)[]> {
  const upstream = upstreamOf(settings);
  const past = { pip: upstream !== undefined, apt: hasAptSnapshot(settings), conda: seesCondaPast(settings) };
  const dates: (ImageDate | undefined)[] = [];
  try {
    for (const { inputs, dockerfile } of plans) {
      const { text } = dockerfile;
      const needed = indexInstants(text).length === 0 ? datedBuild(inputs, cutOffAfter(asOf), text, past) : undefined;
      dates.push(needed && (await dateOf(needed, upstream, settings, asOf, inputs, signal)));
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Unreachable) throw failure('PACKAGE_INDEX_UNREACHABLE', `the package index does not answer: ${error.message}`, { cause: error });
    throw error;
  } finally {
    upstream?.client.close();
  }
  return dates;
}

async function dateOf(needed: DatedBuild, upstream: Upstream | undefined, settings: Settings, asOf: string, inputs: ImagePlan['inputs'], signal: AbortSignal): Promise<ImageDate> {
  const pins = inputs.filter(({ kind, spec }) => kind === 'pip' && exactPin(spec)).map(({ spec }) => spec);
  const cutOff = upstream && needed.pip ? await cutOffFor(upstream, asOf, pins, signal) : { before: cutOffAfter(asOf) };
  const npm = upstream !== undefined && needed.npm && (await npmKnowsBefore(upstream.client, settings.npmRegistryUrl, inputs, cutOff.before, signal));
  return { cutOff, dated: { ...needed, npm, before: cutOff.before } };
}

/** Channels are asked by HTTPS, which only the proxy of a recorded build sees. */
function seesCondaPast({ condaChannels = [], recording }: Settings): boolean {
  return condaChannels.length > 0 && recording !== undefined;
}

/** Whether apt sees the past at all. */
function hasAptSnapshot({ aptSnapshot = {} }: Pick<Settings, 'aptSnapshot'>): boolean {
  return Object.keys(aptSnapshot).length > 0;
}
