import { createHash } from 'node:crypto';
import { CancelledFailure, Context } from '@temporalio/activity';
import { cacheKey, canonicalJson, costOf, mediaTypes, nothingSpent, Spent, type FailedOutcome, type StageName, type StageOutcome, type StageProgress } from '../domain/index.ts';
import type { StageRun } from '../workflows/contract.ts';
import type { Dependencies } from './dependencies.ts';
import { failure, outcomeOf, withDetail } from './failure.ts';
import { withHeartbeat } from './heartbeat.ts';
import { withMeter } from './io/metering.ts';
import type { ObjectStore } from './io/store.ts';
import { createMask, type Mask } from './secrets/mask.ts';

/** What a stage function knows of its surroundings: the same inside Temporal and on the command line. */
export interface StageContext {
  stage: StageName;
  run: string;
  workflowId: string;
  /** Counts from 1; a later attempt attaches to what an earlier one started. */
  attempt: number;
  /** Aborted when the run is cancelled, the worker shuts down or the attempt is given up. */
  signal: AbortSignal;
  /** Whether the abort is a real cancellation: only then is what runs in the engine stopped. */
  cancelled(): boolean;
  report(progress: Omit<StageProgress, 'stage' | 'at'>): void;
}

/** What a stage function gives back; `logKey` names its finished log in the store. */
export interface StageResult<Result> {
  result: Result;
  logKey?: string;
}

export interface CacheIdentity<Result = unknown> {
  /** Raise it when the stage computes something else from the same inputs. */
  version: number;
  /** Everything that decides the result; hashed as canonical JSON. */
  inputs: unknown;
  /** Whether what a stored result refers to still exists outside the store (an image in the engine); yes where it is absent. */
  stillValid?(result: Result): Promise<boolean>;
}

/**
 * Runs one stage inside an activity: takes the stored result of the same inputs unless `fresh`, heartbeats, turns expected
 * failures into outcomes, and throws platform faults for Temporal to retry. Failures are never taken from the cache: what
 * failed may have been transient.
 */
export async function runStage<Result>(
  dependencies: Dependencies,
  stageRun: StageRun,
  stage: StageName,
  cache: CacheIdentity<Result> | undefined | (() => Promise<CacheIdentity<Result>>),
  compute: (context: StageContext) => Promise<StageResult<Result>>,
): Promise<StageOutcome<Result>> {
  const { store } = dependencies;
  const mask = createMask(dependencies.settings);
  const startMs = Date.now();
  const meter = spentBefore(startMs, stageRun.spent);
  const spent = (): Spent => ({ ...meter, wallMs: meter.wallMs + Date.now() - startMs });
  try {
    const identity = typeof cache === 'function' ? await cache() : cache;
    const shelf = identity && (await shelfOf(store, stage, identity));
    const stored = identity && shelf && !stageRun.fresh ? await newestValid(shelf.results, identity) : undefined;
    if (stored) return { status: 'completed', cached: true, ...stored };
    const ofStage = (context: StageContext): Promise<StageResult<Result>> => unlessGivenUp({ ...context, report: (progress) => context.report(maskedProgress(progress, mask)) }, compute);
    const computed = maskedSummary(await withMeter(meter, () => withHeartbeat(dependencies, stageRun, stage, spent, ofStage)), mask);
    if (shelf) await store.putIfAbsent(shelf.freeKey, Buffer.from(JSON.stringify(computed)), mediaTypes.json);
    return { status: 'completed', cached: false, ...computed, cost: costOf(spent()) };
  } catch (error) {
    const cost = costOf(spent());
    // What a cancelled run has used is used.
    if (error instanceof CancelledFailure) throw new CancelledFailure(error.message, [{ cost }], error);
    return { ...outcomeOrThrow(withDetail(mask.error(error), { cost })), cost };
  }
}

/** What travels through Temporal and is shown there: a step's text and a program's last line may hold what nobody may see. */
function maskedProgress<Progress extends Parameters<StageContext['report']>[0]>(progress: Progress, mask: Mask): Progress {
  const { message, lastLogLine } = progress;
  return { ...progress, message: mask.text(message), ...(lastLogLine === undefined ? {} : { lastLogLine: mask.text(lastLogLine) }) };
}

function maskedSummary<Result>(computed: StageResult<Result>, mask: Mask): StageResult<Result> {
  const { result } = computed;
  const summary = (result as { summary?: string } | undefined)?.summary;
  return summary === undefined ? computed : { ...computed, result: { ...result, summary: mask.text(summary) } };
}

/** Whatever an aborted signal makes a stage throw (AbortError, a broken connection) is the cancellation and no fault. */
async function unlessGivenUp<Result>(context: StageContext, compute: (context: StageContext) => Promise<Result>): Promise<Result> {
  try {
    return await compute(context);
  } catch (error) {
    if (context.signal.aborted && !outcomeOf(error)) throw cancellationOf(context);
    throw error;
  }
}

/**
 * For an attempt whose signal is aborted while something of it runs in the engine: stops that only where the run is cancelled.
 * Resolves to what is to be thrown.
 */
export async function letGo({ signal, cancelled }: Pick<StageContext, 'signal' | 'cancelled'>, stop: () => Promise<void>): Promise<CancelledFailure> {
  if (cancelled()) await stop();
  return cancellationOf({ signal });
}

function cancellationOf({ signal }: Pick<StageContext, 'signal'>): CancelledFailure {
  return signal.reason instanceof CancelledFailure ? signal.reason : new CancelledFailure(String(signal.reason));
}

export function sha256Of(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/**
 * The results that are stored for the same inputs, oldest first, and the key for the next one. Nothing in the store is ever
 * replaced, so a result that is no longer valid, or was ignored by `fresh`, gets a successor under a key of its own.
 */
async function shelfOf<Result>(store: ObjectStore, stage: StageName, { version, inputs }: CacheIdentity<Result>): Promise<{ results: StageResult<Result>[]; freeKey: string }> {
  const results: StageResult<Result>[] = [];
  for (let generation = 0; ; generation += 1) {
    const key = cacheKey(stage, sha256Of({ stage, version, inputs, generation: generation === 0 ? undefined : generation }));
    const bytes = await store.get(key);
    if (!bytes) return { results, freeKey: key };
    results.push(JSON.parse(Buffer.from(bytes).toString('utf8')) as StageResult<Result>);
  }
}

async function newestValid<Result>(results: StageResult<Result>[], identity: CacheIdentity<Result>): Promise<StageResult<Result> | undefined> {
  for (const stored of results.toReversed()) {
    if ((await identity.stillValid?.(stored.result)) !== false) return stored;
  }
  return undefined;
}

/** What the attempts before this one had spent when they were last heard of, and how long this one waited for a worker. */
function spentBefore(startMs: number, beforeMove: Spent | undefined): Spent {
  const { heartbeatDetails, currentAttemptScheduledTimestampMs: scheduledMs } = Context.current().info;
  const parsed = Spent.safeParse((heartbeatDetails as { spent?: unknown } | undefined)?.spent);
  const before = parsed.success ? parsed.data : (beforeMove ?? nothingSpent());
  // Outside a server nothing was scheduled.
  return { ...before, queuedMs: before.queuedMs + (scheduledMs > 1 ? Math.max(startMs - scheduledMs, 0) : 0) };
}

/** An expected failure as the outcome it is; platform faults are thrown, for Temporal to retry. */
export function outcomeOrThrow(error: unknown): FailedOutcome {
  if (error instanceof CancelledFailure) throw error;
  const outcome = outcomeOf(error);
  if (!outcome) throw failure('PLATFORM_ERROR', error instanceof Error ? error.message : String(error), { cause: error });
  if (outcome.fault === 'platform') throw error;
  return outcome;
}
