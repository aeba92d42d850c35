import { limits, tracks } from '../../domain/index.ts';
import type { Dependencies } from '../dependencies.ts';
import { failure, outcomeOf } from '../failure.ts';
import { createOrAttach, startAgain, stateOf, type ContainerPlan, type ContainerState } from '../io/docker/containers.ts';
import { releaseDevices, untilDeviceTaken } from '../io/docker/device-lease.ts';
import { onEngine } from '../io/docker/errors.ts';
import { labelNames, type Owner } from '../io/docker/names.ts';
import { ensureVolume, fillVolume, isEmpty, openDirectories } from '../io/docker/volumes.ts';
import { getTree } from '../io/trees.ts';
import type { Lease, StageLog } from '../logs/index.ts';
import { secretFiles, secretsOf } from '../secrets/inject.ts';
import type { StageContext } from '../stage.ts';
import { ensureImage } from '../store-images/index.ts';
import { openBudget } from './budget.ts';
import { lastCheckpoint, tarOfCheckpoint } from './checkpoints.ts';
import { endForgotten, ensureGuard, removeGuard } from './guard.ts';
import type { TrainingChanges, TrainInput } from './index.ts';
import { noConnection, openConnection } from './network.ts';
import { checkpointDirectory, trainingBounds, trainingDirectories, trainingLimits, slotOf, trainingNetworkOf, trainingPlan } from './plan.ts';
import type { Training } from './training.ts';

/**
 * Has the training running, or finds it ended: its container is created, or attached to, or started again where the platform had
 * ended it. On a machine that never saw it the last stored checkpoint is put in place first.
 */
export async function attachTraining(
  dependencies: Dependencies,
  { submission, image }: TrainInput,
  context: StageContext,
  log: StageLog,
  lease: Lease,
  changes: TrainingChanges,
): Promise<Training> {
  const { docker, store, settings } = dependencies;
  const { NCPU } = (await onEngine('asking the Docker engine', () => docker.info())) as { NCPU: number };
  const owner: Owner = { run: context.run, stage: context.stage, workflowId: context.workflowId };
  await ensureImage(dependencies, image);
  const volumes = {
    output: await ensureVolume(docker, owner, 'output', image.id),
    checkpoints: await ensureVolume(docker, owner, 'checkpoints', image.id),
    copies: await ensureVolume(docker, owner, 'copies', image.id),
    secrets: await secretFiles(docker, owner, image.id, secretsOf(submission, settings)),
  };
  const bounds = { ...trainingBounds(submission), ...changes.bounds };
  const connection = trainingNetworkOf(submission) === 'egress' ? await openConnection(dependencies, owner) : noConnection;
  const plan = trainingPlan(owner, submission, image.id, settings, { volumes, connection, diskBytes: bounds.diskBytes }, { ...trainingLimits(submission, NCPU), ...changes.limits });
  const container = await createOrAttach(docker, plan);
  const state = await stateOf(container);
  const training: Training = {
    dependencies,
    submission,
    owner,
    volumes,
    container,
    id: state.id,
    budget: await openBudget(store, {
      run: context.run,
      host: settings.host,
      budgetMs: submission.trainingBudgetMs,
      usedAtCheckpointMs: async () => (await lastCheckpoint(store, context.run))?.usedMs ?? 0,
    }),
    lease,
    log,
    context,
    bounds,
    device: tracks[submission.track].gpu === undefined ? undefined : settings.gpuDevices?.[0],
  };
  if (isToStart(training, state)) await start(training, plan, state, image.id);
  return training;
}

/** Never started, or ended by the platform in the life that the account knows. */
function isToStart({ budget }: Training, state: ContainerState): boolean {
  if (state.status === 'created') return true;
  return state.status === 'exited' && budget.ended()?.reason === 'lost' && budget.life()?.startedAt === state.startedAt;
}

async function start(training: Training, plan: ContainerPlan, state: ContainerState, image: string): Promise<void> {
  const { dependencies, owner, volumes, container, budget, device, context, submission, lease } = training;
  const { docker, settings } = dependencies;
  const leftMs = await budget.leftMs(state.id);
  if (leftMs <= 0) throw failure('TRAIN_TIMEOUT', 'the training had used its budget when the platform ended it');
  await yieldToRunning(training);
  if (state.status === 'created') {
    await openDirectories(container, [trainingDirectories.output, checkpointDirectory(submission)]);
    await restoreCheckpoint(training, image);
  }
  // Last, so that little lies between the lease and the start.
  if (device !== undefined) {
    await untilDeviceTaken(docker, [device], owner, image, context.signal, (run) => context.report({ message: `waiting for the device, which ${run} has` }));
  }
  await lease.assertHeld();
  // The guard is there before the training, so that at no time nobody keeps the deadline.
  const guarded = { owner, container: state.id, startedMs: Number.NaN, volumes };
  const guard = await ensureGuard(docker, guarded, { afterStartMs: leftMs + limits.guardAfterMs }, settings);
  try {
    await startAgain(docker, container, plan);
  } catch (error) {
    if (outcomeOf(error)?.code === 'ENGINE_LOST_CONTAINER') await endForgotten(guard, state.id);
    await removeGuard(docker, owner);
    if (device !== undefined) await releaseDevices(docker, owner);
    throw error;
  }
}

/**
 * A training that runs in the same place has lost its attempt to a fault, and this one came before the next: it steps back, so that
 * nothing runs unattended for as long as this would take. Not for ever, since a run may be gone and its container not.
 */
async function yieldToRunning({ dependencies: { docker, settings }, owner, submission, context }: Training): Promise<void> {
  if (context.attempt > limits.trainingYields) return;
  const label = [`${labelNames.slot}=${slotOf(submission, settings)}`];
  const running = await onEngine('listing trainings', () => docker.listContainers({ filters: { label } }));
  const other = running.map(({ Labels }) => Labels[labelNames.run]).find((run) => run !== owner.run);
  if (other !== undefined) throw failure('SLOT_TAKEN', `the training of ${other} runs in this place, and its next attempt goes first`);
}

/** Only into an empty directory: what a volume has is newer than what the store has of it. */
async function restoreCheckpoint({ dependencies, context, owner, volumes, container, submission }: Training, image: string): Promise<void> {
  const { docker, store, logger } = dependencies;
  const checkpoint = await lastCheckpoint(store, context.run);
  if (!checkpoint || !(await isEmpty(container, checkpointDirectory(submission)))) return;
  context.report({ message: `putting ${checkpoint.files} files of the last checkpoint in place` });
  await fillVolume(docker, owner, volumes.checkpoints, image, tarOfCheckpoint(store, await getTree(store, checkpoint.tree)));
  logger.info({ run: context.run, sequence: checkpoint.sequence, usedMs: checkpoint.usedMs }, 'checkpoint restored');
}
