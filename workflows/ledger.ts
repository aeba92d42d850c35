import { ActivityFailure, ApplicationFailure, defineQuery, defineSignal, isCancellation, setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { Artifact, FailedOutcome, FailureCode, ReproductionRequest, Run, RunScores, StageCost, StageName, StageOutcome, StageProgress, Submission } from '../domain/index.ts';
import { runQuery, stageProgressSignal, type StageRecord } from './contract.ts';
import { costIn } from './cost.ts';
import { renderDetails } from './details.ts';
import { entryOf, newRun, recordOutcome, scoreOf } from './record.ts';
import { index, keys } from './search-attributes.ts';

/** The account of a run: what the query answers, what the UI shows and what attest signs. */
export interface Ledger {
  run: Run;
  artifacts: Artifact[];
  records: StageRecord[];
  progress: Map<StageName, StageProgress>;
}

/** Thrown through the chain when a stage failed: the stages behind it have nothing to work on. */
export class ChainStopped extends Error {
  readonly failure: FailedOutcome;
  constructor(failure: FailedOutcome) {
    super(failure.message);
    this.failure = failure;
  }
}

type Stage<Result> = () => Promise<StageOutcome<Result>>;
interface Stored {
  artifacts: Artifact[];
  summary: string;
}

export function openLedger(request: ReproductionRequest, stages: readonly StageName[]): Ledger {
  const ledger: Ledger = { run: newRun(request, stages), artifacts: [], records: [], progress: new Map() };
  setHandler(defineQuery<Run>(runQuery), () => ledger.run);
  setHandler(defineSignal<[StageProgress]>(stageProgressSignal), (latest) => {
    ledger.progress.set(latest.stage, latest);
    show(ledger);
  });
  return ledger;
}

/** From intake on the run has a name, and the UI's columns are filled. */
export function introduce(ledger: Ledger, { name, team, track, snapshot, origin, commit }: Submission): void {
  const source = { digest: snapshot, origin, ...(commit === undefined ? {} : { commit }) };
  Object.assign(ledger.run, { name, team, track, source });
  index([
    [keys.submission, name],
    [keys.team, team],
    [keys.track, track],
  ]);
  show(ledger);
}

/** Runs a stage and gives its result; a failed one stops the chain. */
export async function perform<Result extends Stored>(ledger: Ledger, name: StageName, stage: Stage<Result>): Promise<Result> {
  const outcome = await runStage(ledger, name, stage);
  if (outcome.status === 'failed') throw new ChainStopped(outcome);
  if (outcome.status === 'skipped') throw ApplicationFailure.nonRetryable(`the stage ${name} skipped itself`, 'PLATFORM_ERROR');
  return outcome.result;
}

/** As perform, but a failure is recorded and the chain goes on. */
export async function attempt<Result extends Stored>(ledger: Ledger, name: StageName, stage: Stage<Result>): Promise<Result | undefined> {
  const outcome = await runStage(ledger, name, stage);
  return outcome.status === 'completed' ? outcome.result : undefined;
}

export function skip(ledger: Ledger, name: StageName, reason: string): void {
  Object.assign(entryOf(ledger.run, name), { status: 'skipped', detail: reason, outcome: { status: 'skipped', message: reason } });
  show(ledger);
}

/** Skips what has not begun; what a run came to is attested all the same. */
export function skipWaiting(ledger: Ledger, reason: string): void {
  for (const { name, status } of ledger.run.stages) if (status === 'waiting' && name !== 'attest') skip(ledger, name, reason);
}

export function enterScore(ledger: Ledger, scores: RunScores): void {
  ledger.run.score = scoreOf(scores);
  index([[keys.score, scores.full]]);
}

export function close(ledger: Ledger, status: Run['status']): Run {
  ledger.run.status = status;
  index([[keys.status, status]]);
  show(ledger);
  return ledger.run;
}

async function runStage<Result extends Stored>(ledger: Ledger, name: StageName, stage: Stage<Result>): Promise<StageOutcome<Result>> {
  const entry = entryOf(ledger.run, name);
  const startedAt = new Date().toISOString();
  Object.assign(entry, { status: 'running', startedAt });
  index([[keys.stage, name]]);
  show(ledger);
  try {
    const outcome = await settle(stage);
    const endedAt = new Date().toISOString();
    recordOutcome(entry, outcome, endedAt);
    if (outcome.status === 'completed') ledger.artifacts.push(...outcome.result.artifacts);
    if (outcome.status === 'failed') index([[keys.fault, outcome.fault]]);
    const failure = outcome.status === 'failed' ? { failure: outcome } : {};
    const cost = entry.cost ? { cost: entry.cost } : {};
    ledger.records.push({ name, startedAt, endedAt, cached: entry.cached, ...failure, ...cost });
    return outcome;
  } catch (error) {
    const ended = isCancellation(error) ? ({ status: 'cancelled', outcome: cancelled } as const) : ({ status: 'failed' } as const);
    Object.assign(entry, { ...ended, endedAt: new Date().toISOString(), ...costEntry(costIn(error) ?? ledger.progress.get(name)?.cost) });
    throw error;
  } finally {
    show(ledger);
  }
}

/** As the table has it (domain/failures.ts). */
const cancelled: FailedOutcome = {
  status: 'failed',
  code: 'RUN_CANCELLED' satisfies FailureCode,
  fault: 'operator',
  message: 'the run was cancelled',
  nextStep: 'Nothing is wrong with the submission; `reprise retry` starts it again with what was stored.',
};

/** A platform fault that outlasted its retries is an outcome as well; a cancellation stays an exception. */
async function settle<Result>(stage: Stage<Result>): Promise<StageOutcome<Result>> {
  try {
    return await stage();
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    const cause = error.cause instanceof ApplicationFailure ? error.cause : undefined;
    return {
      status: 'failed',
      code: cause?.type ?? 'PLATFORM_ERROR',
      fault: 'platform',
      message: cause?.message ?? error.cause?.message ?? error.message,
      nextStep: 'Nothing to correct in the submission. `reprise doctor` shows what is wrong; then `reprise retry`.',
      ...costEntry(costIn(error)),
    };
  }
}

function costEntry(cost: StageCost | undefined): { cost?: StageCost } {
  return cost ? { cost } : {};
}

function show({ run, progress }: Ledger): void {
  setCurrentDetails(renderDetails(run, progress, Date.now()));
}
