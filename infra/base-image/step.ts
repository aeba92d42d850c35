import { createReadStream, existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Writable } from 'node:stream';
import Docker from 'dockerode';
import type { Config } from '../config.ts';
import { apt, mayInstall } from '../engine.ts';
import { findOnPath } from '../binaries.ts';
import { stateOf } from '../state.ts';
import { SetupError, type Problem, type Step } from '../step.ts';
import { makeImageArchive } from './debootstrap.ts';
import { tryPull } from './registry.ts';

/** The base image that the examples name, and most submissions that bring their own Python. */
export const baseImage = 'debian:bookworm-slim';

/** The label by which a run sees, and its report says, that the image is a substitute; its value is how it was made. */
const originLabel = 'reprise.origin';

/** Has the base image in the engine: there already, pulled, or made from Debian's signed packages where no registry answers. */
export function baseImageStep(config: Config): Step {
  return {
    name: `Base image ${baseImage}`,
    async check() {
      // What the operator maps to another image is never asked for.
      if (config.imageMap[baseImage] !== undefined || (await originOf(config)) !== undefined) return 'ok';
      return { problem: `the engine has no ${baseImage}`, nextStep: 'Map it to an image that can be pulled: REPRISE_IMAGE_MAP.' };
    },
    async apply(waitingFor) {
      await ensureBaseImage(config, waitingFor);
    },
  };
}

/** The base image's origin, after it was pulled (`registry`) or made (`debootstrap`). Throws SetupError where neither can be. */
export async function ensureBaseImage(config: Config, waitingFor: (what: string) => void = () => undefined): Promise<Origin> {
  const present = await originOf(config);
  if (present !== undefined) return present;
  waitingFor(`an image registry to give ${baseImage}`);
  const refusal = await tryPull(dockerOf(config), baseImage, waitingFor);
  if (refusal === 'ok') return 'registry';
  const archive = await archiveOf(config, refusal, waitingFor);
  waitingFor(`the engine to load ${archive}`);
  await load(dockerOf(config), archive);
  return 'debootstrap';
}

export type Origin = 'registry' | 'debootstrap';

/** Where the engine's base image came from; undefined where it has none. */
export async function originOf(config: Pick<Config, 'dockerSocket'>): Promise<Origin | undefined> {
  try {
    const { Config: settings } = await dockerOf(config).getImage(baseImage).inspect();
    return settings?.Labels?.[originLabel] === 'debootstrap' ? 'debootstrap' : 'registry';
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}

/** The archive in the cache, made when it is not there: an engine that lost its images gets the very same one back. */
async function archiveOf(config: Config, refusal: string, waitingFor: (what: string) => void): Promise<string> {
  const archive = join(stateOf(config).images, 'debian-bookworm-slim.tar');
  if (existsSync(archive)) return archive;
  const unable = await unableToMake(refusal);
  if (unable) throw new SetupError(unable.problem, unable.nextStep);
  if (!(await findOnPath('debootstrap'))) {
    waitingFor('apt-get install debootstrap');
    await apt(['update']);
    await apt(['install', '--yes', '--no-install-recommends', 'debootstrap']);
  }
  await mkdir(stateOf(config).images, { recursive: true });
  await makeImageArchive(archive, config.httpProxy, waitingFor);
  return archive;
}

async function unableToMake(refusal: string): Promise<Problem | undefined> {
  const problem = `${baseImage} cannot be pulled (${refusal})`;
  if (process.getuid?.() !== 0) {
    return { problem, nextStep: 'Run `reprise up` as root, which makes the image with debootstrap, or map it: REPRISE_IMAGE_MAP.' };
  }
  if ((await findOnPath('debootstrap')) || (await mayInstall())) return undefined;
  return { problem, nextStep: 'Install debootstrap, or map the image to one that can be pulled: REPRISE_IMAGE_MAP.' };
}

async function load(docker: Docker, archive: string): Promise<void> {
  const answer = await docker.loadImage(createReadStream(archive), { quiet: true });
  let said = '';
  await pipeline(answer, new Writable({
    write(chunk: Buffer, _encoding, done) {
      said = `${said}${chunk.toString('utf8')}`.slice(-2_000);
      done();
    },
  }));
  if (said.includes('"error"')) throw new SetupError(`the engine does not load ${archive}: ${said.trim()}`, `Remove ${archive}; it is made again.`);
}

function dockerOf({ dockerSocket }: Pick<Config, 'dockerSocket'>): Docker {
  return new Docker({ socketPath: dockerSocket });
}
