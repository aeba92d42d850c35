import type { TrainingProgress } from '../../domain/index.ts';

const GiB = 1024 ** 3;

/** A training's progress in one line for people: "12 % of the budget used; step 120/1000, loss 1.2; GPU 97 %, 30.1 GiB, 287 W". */
export function progressText(progress: TrainingProgress, nowMs: number): string {
  const percent = Math.min(Math.floor((100 * progress.budgetUsedMs) / progress.budgetMs), 100);
  const parts = [`${percent} % of the budget used`, courseOf(progress), useOf(progress), endOf(progress, nowMs), checkpointsOf(progress), stallOf(progress)];
  return parts.filter((part) => part !== '').join('; ');
}

function courseOf({ step, steps, epoch, loss }: TrainingProgress): string {
  const counted = step === undefined ? [] : [`step ${step}${steps === undefined ? '' : `/${steps}`}`];
  return [...counted, ...(epoch === undefined ? [] : [`epoch ${epoch}`]), ...(loss === undefined ? [] : [`loss ${loss}`])].join(', ');
}

function useOf({ gpu, cpuShare }: TrainingProgress): string {
  if (gpu) return `GPU ${Math.round(gpu.share * 100)} %, ${(gpu.memoryBytes / GiB).toFixed(1)} GiB${gpu.powerWatts === null ? '' : `, ${Math.round(gpu.powerWatts)} W`}`;
  return cpuShare === undefined ? '' : `CPU ${Math.round(cpuShare * 100)} %`;
}

function endOf({ expectedEnd }: TrainingProgress, nowMs: number): string {
  if (expectedEnd === undefined) return '';
  const minutes = Math.max(Math.round((Date.parse(expectedEnd) - nowMs) / 60_000), 0);
  return minutes < 120 ? `done in ${minutes} min` : `done in ${Math.round(minutes / 60)} h`;
}

function checkpointsOf({ checkpoints, checkpointsUnkept }: TrainingProgress): string {
  const kept = checkpoints === undefined ? [] : [`${checkpoints} ${checkpoints === 1 ? 'checkpoint' : 'checkpoints'} kept`];
  return [...kept, ...(checkpointsUnkept === undefined ? [] : [checkpointsUnkept])].join(', ');
}

function stallOf({ stalledMs }: TrainingProgress): string {
  return stalledMs === undefined ? '' : `stalled: nothing seen for ${Math.floor(stalledMs / 60_000)} min`;
}
