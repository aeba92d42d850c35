import { z } from 'zod';
import type { Locks } from './lock.ts';
import type { PinReport } from './pin.ts';
import type { RecordedExchange } from './recording.ts';

/** A thing and its hash, as in-toto names it. */
export const ResourceDescriptor = z.looseObject({ name: z.string().optional(), uri: z.string().optional(), digest: z.record(z.string(), z.string()) });
export type ResourceDescriptor = z.infer<typeof ResourceDescriptor>;

/** What the builds of a run took in, as the stages stored it. */
export interface TakenIn {
  pin?: PinReport;
  locks?: Locks;
  /** By role of the image. */
  recordings?: { role: string; exchanges: RecordedExchange[] }[];
  /** The files that say it, by their path in the manifest. */
  files?: { path: string; sha256: string }[];
}

/**
 * What builds took in from outside, for `resolvedDependencies`: base images and commits that pinning decided, packages of the locks,
 * every answer that was recorded, and the files that list them. Each once, in an order that depends on nothing else.
 */
export function resolvedDependencies({ pin, locks, recordings = [], files = [] }: TakenIn): ResourceDescriptor[] {
  const all = [
    ...(pin?.images ?? []).flatMap(({ bases, commits = [] }) => [...bases.map(baseImage), ...commits.map(repository)]),
    ...(locks?.images ?? []).flatMap(({ steps }) => steps).flatMap(({ packages }) => packages).map(lockedPackage),
    ...recordings.flatMap(({ exchanges }) => exchanges).flatMap(answer),
    ...files.map(({ path, sha256 }) => ({ name: path, digest: { sha256 } })),
  ];
  return [...new Map(all.map((each) => [JSON.stringify(each), each])).values()];
}

function baseImage({ reference, pinned, digest, source, fidelity }: PinReport['images'][number]['bases'][number]): ResourceDescriptor {
  return { name: reference, uri: pinned, digest: { sha256: digest.replace(/^sha256:/, '') }, annotations: { source, fidelity } };
}

function repository({ spec, commit, committedAt, fidelity }: NonNullable<PinReport['images'][number]['commits']>[number]): ResourceDescriptor {
  return { name: spec, digest: { gitCommit: commit }, annotations: { committedAt, fidelity } };
}

/** Package URL (github.com/package-url/purl-spec), type pypi. */
function lockedPackage({ name, version, file, sha256, uploadedAt }: Locks['images'][number]['steps'][number]['packages'][number]): ResourceDescriptor {
  return { name: file, uri: `pkg:pypi/${name}@${version}`, digest: { sha256 }, annotations: { uploadedAt } };
}

/** A refusal is part of the recording, and nothing that a build took in. */
function answer({ method, url, status, body, failed }: RecordedExchange): ResourceDescriptor[] {
  if (!body || failed !== undefined || status < 200 || status >= 300) return [];
  return [{ uri: url, digest: { sha256: body.sha256 }, ...(method === 'GET' ? {} : { annotations: { method } }) }];
}
