import { limits } from '../../domain/index.ts';
import type { Activities, TrainResult } from '../../workflows/contract.ts';
import type { Dependencies } from '../dependencies.ts';
import { outcomeOf } from '../failure.ts';
import { stateOf, type ContainerState } from '../io/docker/containers.ts';
import { releaseDevices } from '../io/docker/device-lease.ts';
import type { ContainerLimits } from '../io/docker/host-config.ts';
import { logRedactor, withStageLog, type Lease, type StageLog } from '../logs/index.ts';
import { keepReport } from '../scan/keep-report.ts';
import { openFileMask } from '../secrets/file-mask.ts';
import { runStage, type StageContext, type StageResult } from '../stage.ts';
import { collectOutput } from './collect.ts';
import { removeGuard } from './guard.ts';
import { refuseFaulty } from './judge.ts';
import { withNetworkLog } from './network-log.ts';
import { trainingInputs } from './plan.ts';
import { enterDeviceTime } from './use.ts';
import { attachTraining } from './start.ts';
import type { Training, TrainingBounds } from './training.ts';
import { watchTraining } from './watch.ts';

export type TrainInput = Pick<Parameters<Activities['train']>[0], 'submission' | 'image'>;

/** What replaces single limits of the track and of the platform. */
export interface TrainingChanges {
  limits?: Partial<ContainerLimits>;
  bounds?: Partial<TrainingBounds>;
}

/** The stage that runs the training container: one for the whole run, however many attempts look after it. */
export function createTrainActivities(dependencies: Dependencies): Pick<Activities, 'train'> {
  return {
    train: (input) =>
      runStage(dependencies, input, 'train', { version: 1, inputs: trainingInputs(input.submission, input.image.id) }, (context) =>
        withStageLog(dependencies, context, logRedactor(dependencies.settings), (log, lease) =>
          inItsPlace(context, () => runTraining(dependencies, input, context, log, lease)),
        ),
      ),
  };
}

/**
 * A training that was ended from outside goes on at once: an attempt that ended would give its place away, to a training of up to
 * 24 hours. After that it is Temporal's to try again.
 */
async function inItsPlace<Result>({ signal }: StageContext, train: () => Promise<Result>): Promise<Result> {
  for (let round = 1; ; round += 1) {
    try {
      return await train();
    } catch (error) {
      if (signal.aborted || round > limits.trainingLivesKilled || outcomeOf(error)?.code !== 'ENGINE_LOST_CONTAINER') throw error;
    }
  }
}

/**
 * Starts the training, attaches to the one that runs, or goes on with one that a platform's fault ended; waits for its end, and
 * keeps its output. The ended container stays until the run's clean-up: until then a repeated attempt finds the same end.
 * Failures: the TRAIN_ and OUTPUT_ codes, GPU_RUNTIME_MISSING, SECRET_MISSING, SECRET_EXPOSED, and the platform's: ENGINE_LOST_CONTAINER,
 * HOST_OUT_OF_MEMORY, GPU_LOST, IMAGE_GONE, GUARD_IMAGE_MISSING, RELAY_UNAVAILABLE, ENGINE_UNREACHABLE, ATTEMPT_SUPERSEDED.
 */
export async function runTraining(
  dependencies: Dependencies,
  input: TrainInput,
  context: StageContext,
  log: StageLog,
  lease: Lease,
  changes: TrainingChanges = {},
): Promise<StageResult<TrainResult>> {
  const training = await attachTraining(dependencies, input, context, log, lease, changes);
  const { result: ended, record, refused } = await withNetworkLog(training, () => watchTraining(training));
  await lease.assertHeld();
  const durationMs = training.budget.usedMs(Date.parse(ended.finishedAt ?? ''));
  enterDeviceTime(training, Date.parse(ended.finishedAt ?? ''));
  try {
    await refuseFaulty(training, ended, refused);
  } finally {
    await letRest(training);
  }
  const masked = await openFileMask(dependencies.settings);
  const output = await collectOutput(dependencies, training.container, context, masked?.mask);
  const report = masked && (await keepReport(dependencies.store, context.stage, masked.report()));
  const logArtifact = await log.close();
  return {
    logKey: logArtifact.key,
    result: {
      output: output.sha256,
      startedAt: training.budget.firstStart() ?? '',
      endedAt: ended.finishedAt ?? '',
      durationMs,
      artifacts: [output.artifact, logArtifact, ...record, ...(report ? [report.artifact] : [])],
      ...(report ? { scan: { complete: report.complete, blocking: report.blocking } } : {}),
      summary: `trained ${(durationMs / 1_000).toFixed(1)} s${restartsOf(training)}, output of ${output.files} files, ${output.sizeBytes} bytes`,
    },
  };
}

/** Nothing runs any more: no guard is needed, and the device is free. */
async function letRest({ dependencies: { docker }, owner, device, container }: Training): Promise<void> {
  const state: ContainerState = await stateOf(container);
  // Somebody may have started it again: then the next attempt looks after it.
  if (state.status === 'running') return;
  await removeGuard(docker, owner);
  if (device !== undefined) await releaseDevices(docker, owner);
}

function restartsOf({ budget }: Training): string {
  const restarts = budget.lives() - 1;
  return restarts === 0 ? '' : ` in ${restarts + 1} lives`;
}
