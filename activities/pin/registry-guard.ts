import type Docker from 'dockerode';
import type { Settings } from '../dependencies.ts';
import { failure } from '../failure.ts';
import { imageExists } from '../io/docker/images.ts';
import { onEngine } from '../io/docker/errors.ts';
import { createGuard, InwardAddress, isOutward, type Guard } from '../record/addresses.ts';
import { basesOf } from './bases.ts';
import { parseDockerfile } from './dockerfile.ts';
import { baseAddress, parseImageName } from './registry.ts';

export type RegistrySettings = Pick<Settings, 'imageMap' | 'recording'>;

/**
 * Which registries a Dockerfile may name: what leads into this machine is not asked, and the engine is not let ask it, but for what the
 * operator named: to the engine (insecure-registries), in the map of images, or among what builds may reach. Failures: ENGINE_UNREACHABLE.
 */
export async function registryGuard(docker: Docker, { imageMap, recording }: RegistrySettings): Promise<Guard> {
  const { RegistryConfig } = (await onEngine('reading the engine’s registries', () => docker.info())) as { RegistryConfig?: { IndexConfigs?: Record<string, unknown> } };
  const mapped = Object.values(imageMap).flatMap((reference) => parseImageName(reference)?.host ?? []);
  const named = [...Object.keys(RegistryConfig?.IndexConfigs ?? {}), ...mapped];
  const ports = named.flatMap((host) => (/:\d+$/.test(host) ? [host] : [`${host}:443`, `${host}:80`]));
  return createGuard([...(recording?.reachable ?? []), ...ports]);
}

/** What is to be done about a registry that is not asked. */
export const inwardRegistry = `its registry is not asked: ${new InwardAddress().message}; one of the operator’s stands in the engine’s insecure-registries or in REPRISE_BUILD_REACHES`;

/**
 * Refuses a build for which the engine would fetch a base from an address that leads inward now, whatever it was when it was pinned. What the
 * engine has, it does not fetch. Failures: BASE_IMAGE_UNAVAILABLE with the line, ENGINE_UNREACHABLE.
 */
export async function refuseInwardBases(name: string, text: string, lineOf: (line: number) => number | undefined, docker: Docker, settings: RegistrySettings): Promise<void> {
  const guard = await registryGuard(docker, settings);
  for (const { reference, instruction } of basesOf(parseDockerfile(Buffer.from(text)))) {
    const image = parseImageName(reference);
    if (!image || (await isOutward(guard, baseAddress(image))) || (await imageExists(docker, reference))) continue;
    throw failure('BASE_IMAGE_UNAVAILABLE', `${name} line ${lineOf(instruction.line) ?? instruction.line}: the base image ${reference} is not available: ${inwardRegistry}`);
  }
}
