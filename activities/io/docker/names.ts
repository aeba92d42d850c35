import type { StageName } from '../../../domain/index.ts';

/**
 * Every name and label in the engine is built here: a later attempt finds by name what an earlier one started, and the clean-up
 * finds by label what a run left behind.
 */
export interface Owner {
  run: string;
  stage: StageName;
  workflowId: string;
}

export type VolumePurpose = 'output' | 'checkpoints' | 'copies' | 'model' | 'gate' | 'secrets';

export const labelNames = {
  run: 'reprise.run',
  stage: 'reprise.stage',
  workflow: 'reprise.workflow',
  /** Of a guard: when it stops its container (Unix time in ms), or how long after its start (`+ms`). */
  deadline: 'reprise.deadline',
  /** Of a guard: the container that it stops. */
  guarded: 'reprise.guarded',
  /** Of a training: what it has alone on its host, as the queue of trainings is named. */
  slot: 'reprise.slot',
  /** Of a device's lease: the device's UUID. */
  lease: 'reprise.lease',
  /** Of a container that uses a device: its UUID. */
  device: 'reprise.device',
} as const;

export function containerName(owner: Pick<Owner, 'run' | 'stage'>): string {
  return `${runPrefix(owner.run)}${owner.stage}`;
}

/** The container that stops another one at its deadline. */
export function guardName(owner: Pick<Owner, 'run' | 'stage'>): string {
  return `${containerName(owner)}-guard`;
}

/** The never started container whose name is the right to use a device; the engine gives a name once. */
export function deviceLeaseName(uuid: string): string {
  return `reprise-gpu-${uuid}`;
}

/** The never started container through which a volume is filled. */
export function fillerName(owner: Pick<Owner, 'run' | 'stage'>): string {
  return `${containerName(owner)}-fill`;
}

/** The platform's container through which this process reaches a server, or a build reaches this process. */
export function relayName(owner: Pick<Owner, 'run' | 'stage'>): string {
  return `${containerName(owner)}-relay`;
}

/** The never started container by which the engine is asked whether it bounds layers. */
export function quotaName(owner: Pick<Owner, 'run' | 'stage'>): string {
  return `${containerName(owner)}-quota`;
}

/** The container that goes out for a training. */
export function gateName(owner: Pick<Owner, 'run' | 'stage'>): string {
  return `${containerName(owner)}-gate`;
}

/** The container in whose network namespace a training finds its proxy; the spare one stands in for it where it was started again. */
export function doorName(owner: Pick<Owner, 'run' | 'stage'>, which: 'first' | 'spare' = 'first'): string {
  return `${containerName(owner)}-door${which === 'spare' ? '-spare' : ''}`;
}

export function networkName(owner: Pick<Owner, 'run' | 'stage'>): string {
  return containerName(owner);
}

export function volumeName(run: string, purpose: VolumePurpose): string {
  return `${runPrefix(run)}${purpose}`;
}

/** `reprise/train:0123456789ab`: made of the image's id, so that a tag is never moved and no built image is dangling. */
export function imageTag(role: 'serve' | 'train', imageId: string): { repo: string; tag: string } {
  return { repo: `reprise/${role}`, tag: imageId.replace(/^sha256:/, '').slice(0, 12) };
}

export function labelsOf(owner: Owner): Record<string, string> {
  return { [labelNames.run]: owner.run, [labelNames.stage]: owner.stage, [labelNames.workflow]: owner.workflowId };
}

/** Filter of the engine's lists for everything of a run. */
export function runFilter(run: string): { label: string[] } {
  return { label: [`${labelNames.run}=${run}`] };
}

/** Start of every name of a run; characters that the engine does not take in names become hyphens. */
export function runPrefix(run: string): string {
  return `reprise-${run.replaceAll(/[^A-Za-z0-9_.-]/g, '-')}-`;
}
