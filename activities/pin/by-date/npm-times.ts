import { z } from 'zod';
import type { BuildInput } from '../../../domain/index.ts';
import type { HttpClient } from './http.ts';

const Packument = z.object({ time: z.record(z.string(), z.string()).default({}), versions: z.record(z.string(), z.unknown()) });

/**
 * Whether npm can resolve a build's packages before an instant: the registry has, of each package that is named, a version with
 * a time before it. A mirror that stamps versions when it copies them has none, and npm would then find nothing at all.
 */
export async function npmKnowsBefore(client: HttpClient, registry: string | undefined, inputs: readonly BuildInput[], before: string, signal: AbortSignal): Promise<boolean> {
  const names = inputs.filter(({ kind, verdict }) => kind === 'npm' && verdict === 'by-date').map(({ spec }) => nameOf(spec));
  if (registry === undefined || names.length === 0) return false;
  for (const name of new Set(names)) {
    if (name === undefined || !(await hasVersionBefore(client, `${registry.replace(/\/+$/, '')}/${name.replace('/', '%2F')}`, before, signal))) return false;
  }
  return true;
}

async function hasVersionBefore(client: HttpClient, url: string, before: string, signal: AbortSignal): Promise<boolean> {
  const answer = await client.getBytes(url, { accept: 'application/json' }, signal);
  const parsed = answer.status === 200 ? Packument.safeParse(parseJson(answer.bytes)) : undefined;
  if (!parsed?.success) return false;
  const { time, versions } = parsed.data;
  return Object.keys(versions).some((version) => Date.parse(time[version] ?? '') < Date.parse(before));
}

/** `@scope/name@^1` -> `@scope/name`; undefined for a package.json, whose names are not looked at. */
function nameOf(spec: string): string | undefined {
  return spec === 'package.json' ? undefined : /^(?:@[\w.-]+\/)?[\w.-]+/.exec(spec)?.[0];
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined; // No JSON tells no times.
  }
}
