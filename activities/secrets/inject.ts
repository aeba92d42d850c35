import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import type { Submission } from '../../domain/index.ts';
import type { Settings } from '../dependencies.ts';
import { failure } from '../failure.ts';
import type { VolumeMount } from '../io/docker/host-config.ts';
import type { Owner } from '../io/docker/names.ts';
import { ensureVolume, fillVolume } from '../io/docker/volumes.ts';
import type { Readable } from 'node:stream';

/** Where a container finds each secret of its submission as a file; each is an environment variable as well. */
export const secretsDirectory = '/run/secrets';

/** The values of what a submission declares. Failures: SECRET_MISSING. */
export function secretsOf({ secrets }: Pick<Submission, 'secrets'>, { secrets: values }: Pick<Settings, 'secrets'>): Record<string, string> {
  return Object.fromEntries(
    secrets.map((name) => {
      const value = values[name];
      if (value === undefined) throw failure('SECRET_MISSING', `the submission asks for the secret ${name}, which is not given`);
      return [name, value];
    }),
  );
}

/**
 * The files of the run's secrets in a volume of their own, for containers that are not started yet; none where there are none. A
 * volume and no tmpfs: a training that is started again after the engine's end finds them. The run's clean-up removes it.
 */
export async function secretFiles(docker: Docker, owner: Owner, image: string, values: Record<string, string>): Promise<VolumeMount[]> {
  if (Object.keys(values).length === 0) return [];
  const volume = await ensureVolume(docker, owner, 'secrets', image);
  const tar = pack();
  // Readable for whichever user the image's command runs as.
  for (const [name, value] of Object.entries(values)) tar.entry({ name, mode: 0o444 }, value);
  tar.finalize();
  await fillVolume(docker, owner, volume, image, tar as unknown as Readable);
  return [{ volume, path: secretsDirectory, readOnly: true }];
}
