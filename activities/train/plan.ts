import { cpuQueue, gpuQueue, limits, tracks, type Submission, type TrainingNetwork } from '../../domain/index.ts';
import type { Settings } from '../dependencies.ts';
import { gpuOf, limitsOf, type ContainerLimits, type VolumeMount } from '../io/docker/host-config.ts';
import type { ContainerPlan } from '../io/docker/containers.ts';
import { labelNames, type Owner } from '../io/docker/names.ts';
import type { Connection } from './network.ts';
import { secretsOf } from '../secrets/inject.ts';
import type { TrainingBounds } from './training.ts';

/** Where a training container finds its directories, unless its manifest names another for checkpoints; their paths are in OUTPUT_DIR and CHECKPOINT_DIR. */
export const trainingDirectories = { output: '/output', checkpoints: '/checkpoints' } as const;

export interface TrainingVolumes {
  output: string;
  checkpoints: string;
  /** Where the guard copies what never holds still; the training does not see it. */
  copies: string;
  /** The files of its secrets. */
  secrets?: VolumeMount[];
}

/** The container of a training: the image's own command, the directories, the declared secrets. Failures: SECRET_MISSING. */
export function trainingPlan(
  owner: Owner,
  submission: Submission,
  image: string,
  settings: Pick<Settings, 'host' | 'secrets' | 'gpuDevices' | 'containerRuntime'>,
  { volumes, connection, diskBytes }: { volumes: TrainingVolumes; connection: Connection; diskBytes: number },
  limits: ContainerLimits,
): ContainerPlan {
  return {
    owner,
    image,
    labels: { [labelNames.slot]: slotOf(submission, settings) },
    env: {
      ...secretsOf(submission, settings),
      OUTPUT_DIR: trainingDirectories.output,
      CHECKPOINT_DIR: checkpointDirectory(submission),
      ...connection.env,
    },
    confinement: {
      limits,
      volumes: [
        { volume: volumes.output, path: trainingDirectories.output, readOnly: false },
        { volume: volumes.checkpoints, path: checkpointDirectory(submission), readOnly: false },
        ...(volumes.secrets ?? []),
      ],
      network: connection.mode,
      runtime: settings.containerRuntime,
      gpu: gpuOf(submission.track, settings.gpuDevices),
      layerBytes: diskBytes,
    },
    device: gpuOf(submission.track, settings.gpuDevices)?.deviceIds[0],
    whenRefused: 'TRAIN_EXIT',
  };
}

/** What a training has alone: a device of its host, or the host's one place for trainings without. */
export function slotOf({ track }: Pick<Submission, 'track'>, { host, gpuDevices }: Pick<Settings, 'host' | 'gpuDevices'>): string {
  const device = tracks[track].gpu === undefined ? undefined : gpuDevices?.[0];
  return device === undefined ? cpuQueue(host) : gpuQueue(host, device);
}

/** Where a training keeps what it can go on from. */
export function checkpointDirectory({ checkpoints }: Pick<Submission, 'checkpoints'>): string {
  return typeof checkpoints === 'string' ? checkpoints : trainingDirectories.checkpoints;
}

/** Whether checkpoints are stored while the training goes on; a manifest can say that they are not worth it. */
export function keepsCheckpoints({ checkpoints }: Pick<Submission, 'checkpoints'>): boolean {
  return checkpoints !== false;
}

export function trainingBounds({ track }: Pick<Submission, 'track'>): TrainingBounds {
  const { diskBytes, stalled } = tracks[track];
  const { checkpointLookMs, activityLookMs, diskLookMs } = limits;
  return { diskBytes, stalled, checkpointLookMs, activityLookMs, diskLookMs };
}

export function trainingLimits({ track }: Pick<Submission, 'track'>, hostCpus: number): ContainerLimits {
  return limitsOf(track, hostCpus);
}

/** See TrainingNetwork: what the manifest asks for, within what the track gives. */
export function trainingNetworkOf({ track, trainingNetwork }: Pick<Submission, 'track' | 'trainingNetwork'>, given = tracks[track].trainingNetwork): TrainingNetwork {
  if (given === 'none') return 'none';
  return trainingNetwork ?? (given === 'egress' ? 'egress' : 'none');
}

/** What decides a training's result. Deadlines and hosts do not, nor do the values of secrets: a token is a right to fetch, and is renewed. */
export function trainingInputs(submission: Submission, image: string): unknown {
  const { track, trainingBudgetMs, secrets, checkpoints } = submission;
  return { image, track, trainingBudgetMs, secrets, network: trainingNetworkOf(submission), checkpoints: typeof checkpoints === 'string' ? checkpoints : undefined };
}
