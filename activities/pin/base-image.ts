import type Docker from 'dockerode';
import { limits, type PinnedBase } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import type { Settings } from '../dependencies.ts';
import { isNotFound, onEngine } from '../io/docker/errors.ts';
import { isOutward, type Guard } from '../record/addresses.ts';
import { datedTags } from './dated-tags.ts';
import { inwardRegistry, registryGuard, type RegistrySettings } from './registry-guard.ts';
import { askRegistry, baseAddress, listTags, parseImageName, type ImageName, type RegistryAnswer, type RegistryOptions } from './registry.ts';

export interface BaseResolver {
  /** Failures: BASE_IMAGE_UNAVAILABLE, REGISTRY_UNREACHABLE, ENGINE_UNREACHABLE. */
  resolve(reference: string, line: number): Promise<PinnedBase>;
}

export interface BaseResolverOptions {
  docker: Docker;
  settings: RegistrySettings & Pick<Settings, 'caBundle'>;
  /** ISO date as of which a tag is meant. */
  asOf: string;
  signal: AbortSignal;
  report?(message: string): void;
}

type Found = Omit<PinnedBase, 'reference' | 'line'>;

/** What one run of the stage has learned. */
interface Learned {
  /** By their host; those that the engine does not reach with `engine ` before it. */
  unreachable: Map<string, string>;
  guard(): Promise<Guard>;
}

/**
 * Resolves base images to digests: the operator's map first, then the registry's API, then a pull through the engine (which
 * may have a mirror or a login), then an image that the engine has already. What was resolved, and which registries did not
 * answer, is remembered as long as the resolver lives: one run of the stage.
 */
export function createBaseResolver(options: BaseResolverOptions): BaseResolver {
  const known = new Map<string, Promise<Found>>();
  let guard: Promise<Guard> | undefined;
  const learned: Learned = { unreachable: new Map(), guard: () => (guard ??= registryGuard(options.docker, options.settings)) };
  return {
    async resolve(reference, line) {
      const found = known.get(reference) ?? find(reference, line, options, learned);
      known.set(reference, found);
      return { reference, line, ...(await found) };
    },
  };
}

async function find(reference: string, line: number, options: BaseResolverOptions, learned: Learned): Promise<Found> {
  const target = mapped(reference, options.settings.imageMap);
  if (target === undefined) return findDirectly(reference, line, options, learned);
  const found = await findDirectly(target, line, options, learned);
  return { ...found, source: 'mapped', fidelity: 'substitution', reason: `the operator maps ${reference} to ${target}; ${found.reason}` };
}

async function findDirectly(reference: string, line: number, options: BaseResolverOptions, learned: Learned): Promise<Found> {
  // An image id names no registry: only the engine can have it.
  if (/^sha256:[0-9a-f]{64}$/.test(reference))
    return (await inEngine(reference, 'it is named by its id', options)) ?? unavailable(reference, line, 'the engine has no image of this id');
  const name = parseImageName(reference);
  if (!name) throw failure('DOCKERFILE_INVALID', `line ${line}: \`${reference.slice(0, 200)}\` is no image reference`);
  options.report?.(`asking the registry for ${reference}`);
  const answer = await ask(name, options, learned);
  if (answer.status === 'found') return (await asItWas(reference, name, answer, options, learned)) ?? fromRegistry(reference, name, answer, options.asOf);
  const pulled = answer.status === 'unreachable' && (await isOutward(await learned.guard(), baseAddress(name))) ? await pull(reference, name, options, learned) : undefined;
  if (pulled) return pulled;
  const message = answer.status === 'refused' ? inwardRegistry : answer.message;
  const local = await inEngine(reference, `${message}; the engine has an image of this name`, options);
  if (local) return local;
  if (answer.status === 'unreachable') {
    throw failure(
      'REGISTRY_UNREACHABLE',
      `line ${line}: the base image ${reference} is not in the engine and its registry does not answer (${answer.message})`,
    );
  }
  return unavailable(reference, line, message);
}

function unavailable(reference: string, line: number, why: string): never {
  throw failure('BASE_IMAGE_UNAVAILABLE', `line ${line}: the base image ${reference} is not available: ${why}`);
}

/** `debian` and `docker.io/library/debian:latest` are one reference for the map. */
function mapped(reference: string, imageMap: Record<string, string>): string | undefined {
  if (Object.hasOwn(imageMap, reference)) return imageMap[reference];
  const wanted = fullName(reference);
  return Object.entries(imageMap).find(([from]) => fullName(from) === wanted)?.[1];
}

function fullName(reference: string): string {
  const name = parseImageName(reference);
  if (!name) return reference;
  return `${name.host}/${name.repository}${name.digest === undefined ? `:${name.tag ?? 'latest'}` : `@${name.digest}`}`;
}

async function ask(name: ImageName, options: BaseResolverOptions, learned: Learned): Promise<RegistryAnswer> {
  const before = learned.unreachable.get(name.host);
  if (before !== undefined) return { status: 'unreachable', message: before };
  const answer = await askRegistry(name, registryOptions(options, await learned.guard()));
  if (answer.status === 'unreachable') learned.unreachable.set(name.host, answer.message);
  return answer;
}

function registryOptions({ settings, signal }: BaseResolverOptions, guard: Guard): RegistryOptions {
  return { connectTimeoutMs: limits.registryConnectMs, answerTimeoutMs: limits.registryAnswerMs, caBundle: settings.caBundle, guard, signal };
}

function fromRegistry(reference: string, name: ImageName, answer: Extract<RegistryAnswer, { status: 'found' }>, asOf: string): Found {
  const { digest, createdAt } = answer;
  const found = { pinned: `${repositoryOf(reference)}@${digest}`, digest, source: 'registry' as const };
  if (name.digest !== undefined) return { ...found, fidelity: 'faithful', reason: 'the Dockerfile names the digest' };
  if (createdAt === undefined)
    return { ...found, fidelity: 'near', reason: 'the registry does not tell when this image was made; the tag may have moved since the date' };
  if (Date.parse(createdAt) <= Date.parse(asOf)) return { ...found, fidelity: 'faithful', reason: `made ${createdAt.slice(0, 10)}, before the date` };
  return {
    ...found,
    fidelity: 'near',
    reason: `made ${createdAt.slice(0, 10)}, after the date: the tag moved, and the registry tells of no older state of it`,
  };
}

/** Where the tag has moved since the date: the newest state of it that its publisher tagged by the date, and that is no younger. */
async function asItWas(reference: string, name: ImageName, { createdAt }: Extract<RegistryAnswer, { status: 'found' }>, options: BaseResolverOptions, learned: Learned): Promise<Found | undefined> {
  if (name.digest !== undefined || createdAt === undefined || Date.parse(createdAt) <= Date.parse(options.asOf)) return undefined;
  const candidates = datedTags(await listTags(name, registryOptions(options, await learned.guard())), name.tag ?? 'latest', options.asOf);
  for (const tag of candidates.slice(0, mostCandidates)) {
    const answer = await ask({ ...name, tag }, options, learned);
    if (answer.status !== 'found' || answer.createdAt === undefined || Date.parse(answer.createdAt) > Date.parse(options.asOf)) continue;
    const { digest } = answer;
    return { pinned: `${repositoryOf(reference)}@${digest}`, digest, source: 'registry', fidelity: 'near', reason: `the tag moved after the date (${createdAt.slice(0, 10)}); ${tag}, made ${answer.createdAt.slice(0, 10)}, is its newest state by the date that the registry has` };
  }
  return undefined;
}

/** A dated tag that was made again later is no state of the past; the one before it may be. */
const mostCandidates = 5;

/** The reference without tag and digest, as the Dockerfile spells it. */
function repositoryOf(reference: string): string {
  return reference.replace(/@sha256:[0-9a-f]{64}$/, '').replace(/:[\w][\w.-]*$/, '');
}

/** Lets the engine pull: it may know a mirror, a proxy or a login. Undefined where it cannot, too. */
async function pull(reference: string, name: ImageName, options: BaseResolverOptions, learned: Learned): Promise<Found | undefined> {
  const key = `engine ${name.host}`;
  if (learned.unreachable.has(key)) return undefined;
  options.report?.(`pulling ${reference} through the engine`);
  const starting = new AbortController();
  const timer = setTimeout(() => starting.abort(), limits.registryPullStartMs);
  try {
    const stream = await options.docker.pull(taggedReference(reference, name), { abortSignal: AbortSignal.any([starting.signal, options.signal]) });
    clearTimeout(timer);
    await new Promise<void>((resolve, reject) => {
      options.docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()));
    });
  } catch (error) {
    options.signal.throwIfAborted();
    // The engine says the same for "no such host" and for a time-out; both mean that it cannot pull from there now.
    learned.unreachable.set(key, error instanceof Error ? error.message : String(error));
    return undefined;
  } finally {
    clearTimeout(timer);
  }
  const image = await inspect(reference, options.docker);
  const digest = image?.RepoDigests?.map((each) => each.split('@')[1]).find((each) => each !== undefined);
  if (!image || digest === undefined) return undefined;
  return { pinned: `${repositoryOf(reference)}@${digest}`, digest, source: 'registry', ...madeBefore(image.Created, options.asOf) };
}

function madeBefore(created: string, asOf: string): Pick<Found, 'fidelity' | 'reason'> {
  const before = Date.parse(created) <= Date.parse(asOf);
  return {
    fidelity: before ? 'faithful' : 'near',
    reason: `pulled through the engine; made ${created.slice(0, 10)}, ${before ? 'before' : 'after'} the date`,
  };
}

function taggedReference(reference: string, name: ImageName): string {
  return name.tag === undefined && name.digest === undefined ? `${reference}:latest` : reference;
}

async function inEngine(reference: string, why: string, { docker }: BaseResolverOptions): Promise<Found | undefined> {
  const image = await inspect(reference, docker);
  if (!image) return undefined;
  const labels = image.Config?.Labels ?? {};
  const found = { pinned: image.Id, digest: image.Id };
  if (labels['reprise.origin'] === 'debootstrap') {
    return {
      ...found,
      source: 'debootstrap',
      fidelity: 'substitution',
      reason: `${why}, made with debootstrap from the distribution's signed packages`,
    };
  }
  return { ...found, source: 'engine', fidelity: 'near', reason: why };
}

async function inspect(reference: string, docker: Docker): Promise<Docker.ImageInspectInfo | undefined> {
  return onEngine(`inspecting the image ${reference}`, async () => {
    try {
      return await docker.getImage(reference).inspect();
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  });
}
