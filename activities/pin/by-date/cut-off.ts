import { eq, valid } from '@renovatebot/pep440';
import { cutOffAfter } from './address.ts';
import { versionOf } from './files.ts';
import type { Upstream } from './upstream.ts';

export interface CutOff {
  /** Exclusive, ISO 8601, UTC. */
  before: string;
  /** Why it is later than the date: an exact pin that was uploaded after it. */
  moved?: { spec: string; uploadedAt: string };
}

/** Wheels of a version follow its first file within a day; later ones are for Pythons that came later. */
const releaseMs = 24 * 3_600_000;

/**
 * The instant before which packages are resolved: just after the date, or after the newest exact pin where that is later, since
 * the submission itself says that it was there. Throws Unreachable.
 */
export async function cutOffFor(upstream: Upstream, date: string, specs: readonly string[], signal?: AbortSignal): Promise<CutOff> {
  const before = cutOffAfter(date);
  let newest: { spec: string; uploadedAt: string } | undefined;
  for (const spec of specs) {
    const pin = exactPin(spec);
    const uploadedAt = pin && (await uploadOf(upstream, pin, signal));
    if (uploadedAt !== undefined && (newest === undefined || Date.parse(uploadedAt) > Date.parse(newest.uploadedAt))) newest = { spec, uploadedAt };
  }
  if (!newest || Date.parse(newest.uploadedAt) < Date.parse(before)) return { before };
  return { before: cutOffAfter(newest.uploadedAt), moved: newest };
}

export interface ExactPin {
  name: string;
  version: string;
}

/** `accelerate[x]==0.24.1 ; marker` -> name and version; undefined for a range, a prefix or a local version. */
export function exactPin(spec: string): ExactPin | undefined {
  const match = /^\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*\(?\s*===?\s*([\w.!-]+)\s*\)?\s*(?:$|[;#]|--hash)/.exec(spec);
  return match ? { name: match[1] as string, version: match[2] as string } : undefined;
}

/** `torch==2.0.1+cu118` -> `torch==2.0.1`: only an index of its own has the local version. */
export function withoutLocalVersion(spec: string): string {
  return spec.replace(/(===?\s*[\w.!-]+)\+[\w.]+/, '$1');
}

/** When a version was complete. */
async function uploadOf(upstream: Upstream, { name, version }: ExactPin, signal?: AbortSignal): Promise<string | undefined> {
  const page = await upstream.page(name, signal);
  const times = (page?.files ?? []).flatMap(({ filename, uploadedAt }) => (uploadedAt !== undefined && same(versionOf(filename, name), version) ? [uploadedAt] : []));
  const ordered = times.sort((a, b) => Date.parse(a) - Date.parse(b));
  const first = Date.parse(ordered[0] ?? '');
  return ordered.findLast((time) => Date.parse(time) <= first + releaseMs);
}

function same(a: string | undefined, b: string): boolean {
  return a !== undefined && (a === b || (Boolean(valid(a)) && Boolean(valid(b)) && eq(a, b)));
}
