import { setTimeout as sleep } from 'node:timers/promises';
import type { Container } from 'dockerode';
import { limits, type EndReason } from '../../domain/index.ts';
import { outcomeOf } from '../failure.ts';
import { processesAreFull } from '../io/docker/excess.ts';
import { createUseMeter, layerBytes } from '../io/docker/use.ts';
import { openCheckpoints, type CheckpointKeeper, type KeeperOptions } from './checkpoints.ts';
import { deviceHealth } from '../io/gpu-devices.ts';
import { enteredUse, enterUse } from '../io/metering.ts';
import { listCheckpoints, volumeBytes } from './listing.ts';
import type { Observation } from './observation.ts';
import { attendConnection } from './network.ts';
import { checkpointDirectory, keepsCheckpoints, trainingNetworkOf } from './plan.ts';
import { openFileMask } from '../secrets/file-mask.ts';
import { takeSnapshot } from './snapshot.ts';
import type { Training } from './training.ts';
import { enterDeviceTime } from './use.ts';
import { quotaMessage } from './verdict.ts';

/** Ends the training for a reason that every later attempt will find. */
export type Decide = (reason: EndReason, message: string) => Promise<void>;

/**
 * Looks after a training from the side until `signal` is aborted: its checkpoints, what it uses, what it has on disk. A look that
 * fails is said in the worker's log and taken again; only what proves that another attempt has taken over is thrown.
 */
export async function observeTraining(training: Training, guard: Container, seen: Observation, decide: Decide, signal: AbortSignal): Promise<void> {
  const { bounds, lease } = training;
  await Promise.all([
    repeatedly(training, bounds.activityLookMs, signal, activityLook(training, seen), soonAtFirst),
    repeatedly(training, bounds.activityLookMs, signal, () => lease.assertHeld()),
    repeatedly(training, bounds.diskLookMs, signal, () => diskLook(training, guard, decide), soonAtFirst),
    ...(trainingNetworkOf(training.submission) === 'egress' ? [repeatedly(training, limits.connectionLookMs, signal, () => attendConnection(training.dependencies, training.owner, training.container))] : []),
    ...(keepsCheckpoints(training.submission) ? [repeatedly(training, bounds.checkpointLookMs, signal, checkpointLook(training, guard, seen))] : []),
  ]);
}

/** Takes a last checkpoint of a training that has ended: nothing of it changes any more. */
export async function keepLastCheckpoint(training: Training, guard: Container, usedMs: number): Promise<void> {
  if (!keepsCheckpoints(training.submission)) return;
  const keeper = await openKeeper(training, guard);
  for (let look = 0; look < 2; look += 1) await keeper.look((await listCheckpoints(guard)) ?? [], usedMs);
}

type Pace = (everyMs: number, sinceMs: number) => number;

/** What is known of a short training is as new, in proportion, as of a long one. */
const soonAtFirst: Pace = (everyMs, sinceMs) => Math.min(everyMs, Math.max(500, sinceMs / 10));

async function repeatedly(
  { dependencies: { logger }, context }: Training,
  everyMs: number,
  signal: AbortSignal,
  look: () => Promise<void>,
  pace: Pace = (usual) => usual,
): Promise<void> {
  const begunMs = performance.now();
  while (!signal.aborted) {
    const startMs = performance.now();
    try {
      await look();
    } catch (error) {
      if (outcomeOf(error)?.code === 'ATTEMPT_SUPERSEDED') throw error;
      if (!signal.aborted) logger.warn({ error, run: context.run }, 'a look at the training failed');
    }
    // A look that takes long is taken less often, so that looking never takes more than a tenth of the time.
    const tookMs = performance.now() - startMs;
    await sleep(Math.max(pace(everyMs, startMs - begunMs), 9 * tookMs), undefined, { signal }).catch(() => undefined);
  }
}

function checkpointLook(training: Training, guard: Container, seen: Observation): () => Promise<void> {
  let opened: ReturnType<typeof openKeeper> | undefined;
  let said: string | undefined;
  return async () => {
    opened ??= openKeeper(training, guard);
    opened.catch(() => (opened = undefined));
    const keeper = await opened;
    const listed = await listCheckpoints(guard);
    if (!listed) return;
    const changed = await keeper.look(listed, training.budget.usedMs(Date.now()));
    const unkept = keeper.unkept();
    if (unkept !== undefined && unkept !== said) training.dependencies.logger.warn({ run: training.context.run, unkept }, 'a checkpoint is not kept');
    said = unkept;
    seen.sawCheckpoints(changed, keeper.count(), unkept);
  };
}

async function openKeeper({ dependencies, submission, container, context, lease }: Training, guard: Container): Promise<CheckpointKeeper> {
  const { store, settings } = dependencies;
  const directory = checkpointDirectory(submission);
  const { scratchDirectory } = settings;
  const mask = (await openFileMask(settings))?.mask;
  const list = (): ReturnType<typeof listCheckpoints> => listCheckpoints(guard);
  const snapshot: KeeperOptions['snapshot'] = (parts) => takeSnapshot(store, guard, parts, { scratchDirectory, mask });
  return openCheckpoints(store, { run: context.run, container, directory, scratchDirectory, lease, mask, list, snapshot });
}

function activityLook(training: Training, seen: Observation): () => Promise<void> {
  const { container, device, budget } = training;
  const use = createUseMeter(container);
  let lookedMs = Date.now();
  return async () => {
    const health = device === undefined ? undefined : await deviceHealth(device);
    const used = await use();
    if (!used) return;
    const gpu = health?.healthy ? health.sample : undefined;
    seen.sawUse({ cpuShare: used.cpuShare ?? 0, memoryBytes: used.memoryBytes, gpu });
    const life = budget.life()?.startedAt ?? '';
    const joules = ((gpu?.powerWatts ?? 0) * (Date.now() - lookedMs)) / 1_000;
    lookedMs = Date.now();
    enterUse(life, { cpuMs: used.cpuMs, ...(joules > 0 ? { energyJoules: (enteredUse(life).energyJoules ?? 0) + joules } : {}) });
    enterDeviceTime(training, Date.now());
  };
}

async function diskLook({ container, bounds }: Training, guard: Container, decide: Decide): Promise<void> {
  const [layer, volumes] = await Promise.all([layerBytes(container), volumeBytes(guard)]);
  const bytes = layer + (volumes ?? 0);
  if (bytes > bounds.diskBytes) await decide('disk-quota', quotaMessage(bytes, bounds.diskBytes));
  else if (await processesAreFull(container)) await decide('process-limit', 'the training ran as many processes and threads as it may');
}
