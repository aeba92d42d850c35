import Docker from 'dockerode';

/**
 * The Docker engine behind a socket. The API's version is left to the engine: 20.10 speaks 1.41, later ones refuse it. Nothing
 * is sent before the first call, so a stopped engine is found there (ENGINE_UNREACHABLE, errors.ts).
 */
export function createDocker(socketPath: string): Docker {
  return new Docker({ socketPath });
}
