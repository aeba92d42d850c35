import { limits, type FailureCode, type LifeEnd } from '../../domain/index.ts';

export interface EndedTraining {
  exitCode: number;
  oomKilled: boolean;
  startedAtMs: number;
  finishedAtMs: number;
  deadlineMs: number;
  budgetMs: number;
  /** How often it was started. */
  lives: number;
  /** Bytes of its own layer, where it did not end well, and what its track gives. */
  wroteBytes: number;
  diskBytes: number;
  lastLine: string | undefined;
  /** The end of its log. */
  tail: string[];
  /** What the platform decided before it stopped it. */
  decided: LifeEnd | undefined;
  /** What was done to it from outside; nothing of it was the submission's. */
  outside: OutsideFacts;
}

export interface OutsideFacts {
  /** Whether its guard stopped it. */
  guardStopped: boolean;
  /** When the engine started that tells its end; undefined where it cannot be told. */
  engineStartedMs: number | undefined;
  /** Whether the engine's restart ends what it finds running: one with live-restore only has lost sight of it. */
  engineEnds: boolean;
  /** A signal that somebody sent to it through the engine, by its number. */
  signal: string | undefined;
  /** Whether the host killed processes for memory meanwhile. */
  hostKilled: boolean;
  /** What is wrong with its device; undefined where nothing is, or it has none. */
  deviceProblem: string | undefined;
}

export interface TrainingFault {
  code: FailureCode;
  message: string;
}

/** Ends that are nobody's doing in the submission: the training is started again, with its checkpoints and the rest of its budget. */
export const resumable: ReadonlySet<FailureCode> = new Set<FailureCode>(['ENGINE_LOST_CONTAINER', 'HOST_OUT_OF_MEMORY', 'GPU_LOST']);

/**
 * What is wrong with how a training ended; undefined where it ended well. Of what it says itself only what tells one of its own
 * faults from another counts; everything else is the engine's and the store's facts, so that every attempt that looks comes to
 * the same: what ended at the deadline or later has timed out, whatever its exit code says.
 */
export function faultOf(ended: EndedTraining): TrainingFault | undefined {
  const said = ended.lastLine === undefined ? '' : `; last line: ${ended.lastLine}`;
  if (ended.decided) return decidedFault(ended.decided, said);
  if (ended.finishedAtMs >= ended.deadlineMs - (ended.outside.guardStopped ? limits.guardSlackMs : 0)) {
    return { code: 'TRAIN_TIMEOUT', message: `the training did not end within its budget of ${minutes(ended.budgetMs)}${said}` };
  }
  const lost = howLost(ended);
  if (lost !== undefined) return { code: 'ENGINE_LOST_CONTAINER', message: `the training was ended from outside: ${lost} (exit code ${ended.exitCode})${said}` };
  if (ended.exitCode === 0) return undefined;
  const { code, message } = exitFault(ended);
  return { code, message: `${message}${said}` };
}

function exitFault({ exitCode, oomKilled, outside, tail, lives, wroteBytes, diskBytes }: EndedTraining): TrainingFault {
  // With exit code 0 the container went on after the kernel had killed one of its processes; its output decides.
  if (oomKilled) return { code: 'TRAIN_OUT_OF_MEMORY', message: `the training was killed for memory (exit code ${exitCode})` };
  // A storage driver with quotas lets it write a tenth more (layer-quota.ts), and what it cannot write ends it before anybody looks.
  if (wroteBytes > diskBytes) return { code: 'TRAIN_DISK_QUOTA', message: quotaMessage(wroteBytes, diskBytes) };
  if (exitCode === killed && outside.hostKilled) return { code: 'HOST_OUT_OF_MEMORY', message: 'the host ran out of memory and killed the training, which was within its own limit' };
  if (exitCode === killed && lives <= limits.trainingLivesKilled) return { code: 'ENGINE_LOST_CONTAINER', message: 'the training was killed (exit code 137), and not for memory' };
  if (outside.deviceProblem !== undefined) return { code: 'GPU_LOST', message: `the training ended with exit code ${exitCode} and its device is lost: ${outside.deviceProblem}` };
  const shortage = tail.findLast((line) => cudaShortage.test(line));
  if (shortage !== undefined) return { code: 'TRAIN_CUDA_OUT_OF_MEMORY', message: `the training ended with exit code ${exitCode} after its device had no memory left` };
  return { code: 'TRAIN_EXIT', message: `the training ended with exit code ${exitCode}` };
}

export function quotaMessage(wroteBytes: number, diskBytes: number): string {
  return `the training wrote ${wroteBytes} bytes, and its track gives ${diskBytes}`;
}

/** As PyTorch, TensorFlow, JAX, cuBLAS and the CUDA runtime word it. */
const cudaShortage = /CUDA out of memory|torch\.(cuda\.)?OutOfMemoryError|CUDA_ERROR_OUT_OF_MEMORY|cudaErrorMemoryAllocation|CUBLAS_STATUS_ALLOC_FAILED|RESOURCE_EXHAUSTED: .*(memory|OOM)|OOM when allocating tensor/;

/**
 * Nothing in a container can send SIGKILL to its first process: it came from out here, and the engine does not know from whom. But
 * that process gives its child's end as its own, and a child can kill itself; so one that is killed in every life is told so.
 */
const killed = 137;

function howLost({ exitCode, startedAtMs, finishedAtMs, outside, oomKilled }: EndedTraining): string | undefined {
  if (outside.signal !== undefined) return `it was sent the signal ${outside.signal} through the engine`;
  if (outside.guardStopped) return 'its guard stopped it at a deadline that has moved since';
  const { engineStartedMs } = outside;
  if (engineStartedMs === undefined || engineStartedMs <= startedAtMs) return undefined;
  // An engine that starts ends what it finds running; one that stops does so before, and then only the signal's code tells.
  const whileStarting = finishedAtMs >= engineStartedMs - 1_000 && finishedAtMs <= engineStartedMs + limits.engineRestoreMs;
  const whileStopping = finishedAtMs < engineStartedMs && !oomKilled && endCodes.has(exitCode);
  return (whileStarting && (outside.engineEnds || endCodes.has(exitCode))) || whileStopping ? 'the engine was restarted' : undefined;
}

/**
 * Whether it ended while no engine listened. The engine reads what a container prints from a pipe that ends with the container, and
 * one that was away then has not heard the last of it.
 */
export function endedUnheard({ startedAtMs, finishedAtMs, engineStartedMs }: { startedAtMs: number; finishedAtMs: number; engineStartedMs: number | undefined }): boolean {
  return engineStartedMs !== undefined && startedAtMs < engineStartedMs && finishedAtMs <= engineStartedMs + limits.engineHearsMs;
}

/** After SIGTERM, after SIGKILL, and what the engine writes when it does not know. */
const endCodes = new Set([143, 137, 255]);

function decidedFault({ reason, message }: LifeEnd, said: string): TrainingFault {
  return { code: decidedCodes[reason], message: message.endsWith(said) ? message : `${message}${said}` };
}

const decidedCodes = {
  deadline: 'TRAIN_TIMEOUT',
  stalled: 'TRAIN_STALLED',
  'disk-quota': 'TRAIN_DISK_QUOTA',
  'process-limit': 'PROCESS_LIMIT',
  lost: 'ENGINE_LOST_CONTAINER',
  cancelled: 'RUN_CANCELLED',
} as const satisfies Record<LifeEnd['reason'], FailureCode>;

function minutes(durationMs: number): string {
  return durationMs < 120_000 ? `${durationMs / 1_000} s` : `${Math.round(durationMs / 60_000)} min`;
}
