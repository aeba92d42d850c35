import { failure } from '../../failure.ts';
import type { Settings } from '../../dependencies.ts';
import type { ImagePlan } from '../plan.ts';
import { upstreamOf } from './build-index.ts';
import { cutOffAfter, indexInstants } from './address.ts';
import { cutOffFor, exactPin, type CutOff } from './cut-off.ts';
import { datedBuild, type DatedBuild } from './dockerfile-lines.ts';
import { Unreachable } from './http.ts';
import { npmKnowsBefore } from './npm-times.ts';

export interface ImageDate {
  cutOff: CutOff;
  dated: DatedBuild;
}

/**
 * For each image the instant before which its packages are resolved; undefined where it takes none, or where no index is
 * configured. Failures: PACKAGE_INDEX_UNREACHABLE.
 */
export async function imageDates(settings: Settings, asOf: string, plans: readonly ImagePlan[], signal: AbortSignal): Promise<(ImageDate | undefined)[]> {
  const upstream = upstreamOf(settings);
  if (!upstream) return plans.map(() => undefined);
  const dates: (ImageDate | undefined)[] = [];
  try {
    for (const { inputs, dockerfile } of plans) {
      const { text } = dockerfile;
      const needed = indexInstants(text).length === 0 && datedBuild(inputs, cutOffAfter(asOf), text);
      const pins = inputs.filter(({ kind, spec }) => kind === 'pip' && exactPin(spec)).map(({ spec }) => spec);
      const cutOff = needed ? await cutOffFor(upstream, asOf, pins, signal) : undefined;
      const npm = needed && cutOff ? await npmKnowsBefore(upstream.client, settings.npmRegistryUrl, inputs, cutOff.before, signal) : false;
      dates.push(needed && cutOff ? { cutOff, dated: { ...needed, npm, before: cutOff.before } } : undefined);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Unreachable) throw failure('PACKAGE_INDEX_UNREACHABLE', `the package index does not answer: ${error.message}`, { cause: error });
    throw error;
  } finally {
    upstream.client.close();
  }
  return dates;
}
