import { posix } from 'node:path';
import { defaultClaimTolerance, limits, type PlannedImage, type ReproductionRequest, type Submission, type TrackName, tracks, type Tree } from '../../domain/index.ts';
import { checkBaseModel } from '../../domain/contamination/index.ts';
import { failure } from '../failure.ts';
import { type Dockerfile, parseDockerfile } from '../pin/dockerfile.ts';
import { normalised, type SourceFiles, sourceFiles } from '../pin/source-files.ts';
import { type Candidate, candidatesOf, pairTraining, pickServing } from './candidates.ts';
import { findContext } from './context.ts';
import { exposedPorts } from './evidence.ts';
import type { ReadManifest } from './manifest.ts';

/** What intake knows when it plans; bytes by path of all Dockerfiles of the snapshot. */
export interface PlanInput {
  tree: Tree;
  dockerfiles: ReadonlyMap<string, Uint8Array>;
  manifest?: ReadManifest | undefined;
  request: Pick<ReproductionRequest, 'track' | 'asOf' | 'submission' | 'dockerfile' | 'context'>;
  origin: string;
  /** Of the newest commit, where the source has one. */
  commitDate?: string | undefined;
  /** When this snapshot was first seen, ISO 8601. */
  firstSeen: string;
  secrets: PlannedSecrets;
}

/** Names only. */
export interface PlannedSecrets {
  /** What the operator gives; undefined where it is not known here, and so not missed. */
  given: ReadonlySet<string> | undefined;
  /** What the operator named for this run: a submission without a manifest gets it. */
  named: readonly string[];
}

export type SubmissionParts = Omit<Submission, 'snapshot' | 'origin' | 'commit'>;

const minute = 60_000;

/**
 * What will be built and run, and as of when. Pure. Failures: NO_DOCKERFILE, SEVERAL_SUBMISSIONS, DOCKERFILE_INVALID,
 * MANIFEST_INVALID, SECRET_MISSING, REQUEST_INVALID.
 */
export function planSubmission(input: PlanInput): { submission: SubmissionParts; notes: string[] } {
  const { manifest, request } = input;
  const track = request.track ?? manifest?.manifest.track ?? 'cpu';
  const { images, notes } = planImages(input);
  const serving = images.find(({ role }) => role === 'serve') as PlannedImage;
  const budgetMinutes = manifest?.manifest.train?.budgetMinutes;
  const readyMinutes = manifest?.manifest.serve.readyTimeoutMinutes;
  const trainingNetwork = manifest?.manifest.train?.network;
  const checkpoints = manifest?.manifest.train?.checkpoints;
  const claim = manifest?.manifest.claim;
  const baseModel = manifest?.manifest.baseModel;
  return {
    submission: {
      name: manifest?.manifest.name ?? nameOf(input.origin, serving.dockerfile),
      team: manifest?.manifest.team ?? ownerOf(input.origin) ?? 'unknown',
      track,
      asOf: asOf(input),
      images,
      port: manifest?.manifest.serve.port ?? portOf(input, serving),
      ...(manifest?.manifest.serve.api === undefined ? {} : { api: manifest.manifest.serve.api }),
      ...(manifest?.manifest.serve.model === undefined ? {} : { model: manifest.manifest.serve.model }),
      readyTimeoutMs: readyMinutes === undefined ? limits.readyTimeoutMs : readyMinutes * minute,
      ...(manifest?.manifest.serve.writable === undefined ? {} : { writableRoot: manifest.manifest.serve.writable }),
      // A manifest can ask for less time than the track gives, never for more.
      trainingBudgetMs: Math.min(tracks[track].trainingBudgetMs, budgetMinutes === undefined ? Infinity : budgetMinutes * minute),
      ...(trainingNetwork ? { trainingNetwork } : {}),
      ...(checkpoints === undefined ? {} : { checkpoints }),
      ...(claim ? { claim: { open: claim.open, tolerance: claim.tolerance ?? defaultClaimTolerance } } : {}),
      ...(baseModel === undefined ? {} : { baseModel }),
      secrets: knownSecrets(input),
    },
    notes: [...notes, ...baseModelNotes(track, baseModel)],
  };
}

/** The contest's list holds for its own tracks; on others a model that is declared is told all the same. */
function baseModelNotes(track: TrackName, declared: string | undefined): string[] {
  if (track === 'cpu' && declared === undefined) return [];
  const { verdict, reason } = checkBaseModel(declared);
  return [`base model ${verdict}: ${reason}`];
}

function planImages(input: PlanInput): { images: PlannedImage[]; notes: string[] } {
  const files = filesOf(input.tree);
  const parsed = new Map([...input.dockerfiles].map(([path, bytes]) => [path, parseDockerfile(bytes)]));
  const planned = input.manifest ? fromManifest(input.manifest, input, parsed, files) : fromEvidence(input, parsed, files);
  for (const { dockerfile } of planned.images) refuseInvalid(dockerfile, parsed.get(dockerfile));
  return planned;
}

/** What the request names for the serving image goes before what the manifest says of it. */
function fromManifest(read: ReadManifest, { request }: PlanInput, parsed: Map<string, Dockerfile>, files: SourceFiles): { images: PlannedImage[]; notes: string[] } {
  const given = inside(request.context, 'context');
  if (request.dockerfile === undefined) {
    const [serving, ...others] = (['serve', 'train'] as const).flatMap((role) => manifestImage(read, role, files));
    const replaced = serving && given !== undefined ? withContext(serving, given, files) : serving;
    return { images: [...(replaced ? [replaced] : []), ...others], notes: [] };
  }
  const serving = plannedImage('serve', named(request.dockerfile, candidatesOf(parsed)), parsed, files, given);
  return { images: [serving, ...manifestImage(read, 'train', files)], notes: [] };
}

/** The image that a manifest names for a role; none where it names none. Failures: MANIFEST_INVALID where its files are not there. */
export function manifestImage(read: ReadManifest, role: 'serve' | 'train', files: SourceFiles): PlannedImage[] {
  const base = posix.dirname(read.path);
  const source = read.manifest[role];
  if (!source) return [];
  const dockerfile = posix.join(base, source.dockerfile);
  if (files.kindOf(dockerfile) !== 'file') throw read.invalid([role, 'dockerfile'], `there is no file ${source.dockerfile}`);
  const context = source.context === undefined ? posix.dirname(dockerfile) : posix.join(base, normalised(source.context) || '.');
  if (files.kindOf(context) !== 'directory') throw read.invalid([role, 'context'], `there is no directory ${source.context}`);
  return [{ role, dockerfile, context, evidence: read.path }];
}

function fromEvidence(input: PlanInput, parsed: Map<string, Dockerfile>, files: SourceFiles): { images: PlannedImage[]; notes: string[] } {
  const { request } = input;
  const candidates = candidatesOf(parsed);
  const serving = request.dockerfile === undefined ? pickServing(candidates, inside(request.submission, 'submission')) : named(request.dockerfile, candidates);
  const { chosen, undecided } = pairTraining(serving, candidates);
  const images = [plannedImage('serve', serving, parsed, files, inside(request.context, 'context'))];
  if (chosen) images.push(plannedImage('train', chosen, parsed, files, undefined));
  const notes = undecided.length === 0 ? [] : [`not trained: ${undecided.length} training Dockerfiles are equally near, reprise.yaml can name one`];
  return { images, notes };
}

function plannedImage(
  role: 'serve' | 'train',
  { path, why }: Candidate,
  parsed: Map<string, Dockerfile>,
  files: SourceFiles,
  given: string | undefined,
): PlannedImage {
  if (given !== undefined) return withContext({ role, dockerfile: path, context: '.', evidence: why }, given, files);
  const found = findContext(path, parsed.get(path) as Dockerfile, files);
  return { role, dockerfile: path, context: found.context, evidence: `${why}; ${found.why}` };
}

function withContext(image: PlannedImage, context: string, files: SourceFiles): PlannedImage {
  if (files.kindOf(context) !== 'directory') throw failure('REQUEST_INVALID', `context: there is no directory ${context} in the source`);
  return { ...image, context, evidence: `${image.evidence}; context as requested` };
}

function named(path: string, candidates: Candidate[]): Candidate {
  const wanted = inside(path, 'dockerfile');
  const found = candidates.find((each) => each.path === wanted);
  if (!found) throw failure('NO_DOCKERFILE', `there is no ${path} in the source`);
  return { ...found, why: 'named in the request' };
}

function inside(path: string | undefined, field: string): string | undefined {
  if (path === undefined) return undefined;
  if (path.startsWith('/') || path.split('/').includes('..')) throw failure('REQUEST_INVALID', `${field}: must be a path inside the source, and is ${path}`);
  return normalised(path) || '.';
}

function refuseInvalid(path: string, dockerfile: Dockerfile | undefined): void {
  if (!dockerfile) throw failure('DOCKERFILE_INVALID', `${path} is not a file that can be read`);
  const fatal = dockerfile.problems.find(({ kind }) => kind === 'empty' || kind === 'not-text' || kind === 'too-large' || kind === 'no-stage');
  if (fatal) throw failure('DOCKERFILE_INVALID', `${path} line ${fatal.line}: ${fatal.message}`);
}

/** The contest's rule is port 80; an image that exposes exactly one port says another. */
function portOf({ dockerfiles }: PlanInput, { dockerfile }: PlannedImage): number {
  const ports = exposedPorts(parseDockerfile(dockerfiles.get(dockerfile) ?? new Uint8Array()));
  return ports.length === 1 ? (ports[0] as number) : 80;
}

/** A day counts to its end, so that what appeared on it is there. */
function asOf({ request, manifest, commitDate, firstSeen }: PlanInput): Submission['asOf'] {
  if (request.asOf !== undefined) return { date: `${request.asOf}T23:59:59Z`, source: 'request' };
  if (manifest?.manifest.date !== undefined) return { date: `${manifest.manifest.date}T23:59:59Z`, source: 'manifest' };
  if (commitDate !== undefined) return { date: commitDate, source: 'newest-commit' };
  return { date: firstSeen, source: 'snapshot-time' };
}

/** 2023's entries could not declare any: there the operator who names one speaks for them. */
function knownSecrets({ manifest, secrets: { given, named } }: PlanInput): string[] {
  const wanted = manifest ? (manifest.manifest.secrets ?? []) : [...named];
  const missing = wanted.filter((name) => given?.has(name) === false);
  if (missing.length > 0) throw failure('SECRET_MISSING', `the submission needs ${missing.join(', ')}, which is neither given for the run nor known to the worker`);
  return wanted;
}

/**
 * The origin's last part, then the directory and the Dockerfile where the source holds several. At most 40 characters as in a
 * manifest; the beginning goes first, since the ends tell submissions of one source apart.
 */
function nameOf(origin: string, dockerfile: string): string {
  const source = posix.basename(origin.replace(/#.*$/, '').replace(/\/+$/, '')).replace(/\.(git|zip|tar|tar\.gz|tgz)$/i, '');
  const file = posix.basename(dockerfile).replace(/^dockerfile|\.dockerfile$/i, '');
  const place = slug(`${posix.dirname(dockerfile)} ${file}`);
  const room = nameCharacters - place.length - 1;
  const name = room < 3 ? place.slice(-nameCharacters).replace(/^[^-]*-/, '') : `${slug(source).slice(0, room)}-${place}`;
  return slug(name) || 'submission';
}

const nameCharacters = 40;

function slug(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '');
}

/** `https://host/owner/name` and `git@host:owner/name` name an owner; a path does not. */
function ownerOf(origin: string): string | undefined {
  return /^(?:https?:\/\/[^/]+\/|ssh:\/\/[^/]+\/|[\w.-]+@[\w.-]+:)([^/]+)\/[^/]+/.exec(origin)?.[1];
}

function filesOf(tree: Tree): SourceFiles {
  const paths = tree.entries.filter(({ type }) => type !== 'directory').map(({ path }) => path);
  const directories = tree.entries.filter(({ type }) => type === 'directory').map(({ path }) => path);
  return sourceFiles(paths, directories, () => Promise.resolve(undefined));
}
