import type { StageName, TrackName } from '../../domain/index.ts';
import type { ImageReference } from '../../workflows/contract.ts';
import type { Settings } from '../dependencies.ts';
import type { ContainerPlan } from '../io/docker/containers.ts';
import { gpuOf, type ContainerLimits, type VolumeMount } from '../io/docker/host-config.ts';
import type { Owner } from '../io/docker/names.ts';
import type { StageLog } from '../logs/index.ts';
import { secretsOf } from '../secrets/inject.ts';

export interface ServerInput {
  run: string;
  stage: StageName;
  image: ImageReference;
  track: TrackName;
  /** Tree of the training's output, mounted at /model; undefined where the image carries its model. */
  output?: string | undefined;
  port: number;
  /** From the container's start to its first answer. */
  readyTimeoutMs: number;
  /** Whether it may write anywhere and not only into /tmp; what it writes is then counted. */
  writableRoot?: boolean | undefined;
  /** Names of what the submission declares. */
  secrets?: string[];
  log: StageLog;
}

/** Where a server finds the training's output; the path is in MODEL_DIR. */
const modelDirectory = '/model';

/** Programs that would compile into the home directory, which is read-only. */
const compilerCaches = { TRITON_CACHE_DIR: '/tmp/triton', NUMBA_CACHE_DIR: '/tmp/numba', MPLCONFIGDIR: '/tmp/matplotlib' };

/** The serving container: the image's own command, the model and the root read-only, no network, the declared secrets. Failures: SECRET_MISSING. */
export function serverPlan(
  owner: Owner,
  { image, track, writableRoot = false, secrets = [] }: Pick<ServerInput, 'image' | 'track' | 'writableRoot' | 'secrets'>,
  { network, model, device, layerBytes, files = [] }: { network: string; model: string | undefined; device: string | undefined; layerBytes: number; files?: VolumeMount[] },
  settings: Pick<Settings, 'containerRuntime' | 'secrets'>,
  limits: ContainerLimits,
): ContainerPlan {
  return {
    owner,
    image: image.id,
    env: { ...secretsOf({ secrets }, settings), ...(writableRoot ? {} : compilerCaches), ...(model === undefined ? {} : { MODEL_DIR: modelDirectory }) },
    confinement: {
      layerBytes: writableRoot ? layerBytes : undefined,
      limits,
      readOnlyRoot: !writableRoot,
      runtime: settings.containerRuntime,
      volumes: [...(model === undefined ? [] : [{ volume: model, path: modelDirectory, readOnly: true }]), ...files],
      network,
      gpu: gpuOf(track, device === undefined ? undefined : [device]),
    },
    device,
    whenRefused: 'SERVE_EXITED',
  };
}
