import { workflowInfo } from '@temporalio/workflow';
import type { ReproductionRequest, Run, RunScores, RunStage, StageName, StageOutcome } from '../domain/index.ts';
import { runName } from './contract.ts';

export function newRun(request: ReproductionRequest, stages: readonly StageName[]): Run {
  const { workflowId, runId, namespace } = workflowInfo();
  return {
    schema: 'reprise.run/v1',
    run: runName(workflowId, runId),
    workflowId,
    track: request?.track ?? '',
    source: { digest: '', origin: '' },
    status: 'running',
    stages: stages.map((name) => ({ name, status: 'waiting', startedAt: null, endedAt: null, cached: false, outcome: null })),
    uiUrl: `/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}/${runId}/history`,
  };
}

export function recordOutcome(entry: RunStage, outcome: StageOutcome<{ summary: string }>, endedAt: string): void {
  entry.status = outcome.status;
  entry.endedAt = endedAt;
  if (outcome.status !== 'skipped' && outcome.cost) entry.cost = outcome.cost;
  if (outcome.status === 'completed') {
    entry.cached = outcome.cached;
    entry.detail = outcome.result.summary;
    entry.outcome = { status: 'completed', ...(outcome.logKey === undefined ? {} : { logKey: outcome.logKey }) };
  } else if (outcome.status === 'failed') {
    entry.detail = outcome.code;
    entry.outcome = outcome;
  }
}

export function scoreOf({ open, closed, full, claim }: RunScores): NonNullable<Run['score']> {
  const scenarios = [...open.scenarios, ...(closed?.scenarios ?? [])];
  return {
    open: open.score,
    closed: closed?.score ?? null,
    full,
    scenarios: Object.fromEntries(scenarios.map(({ name, score }) => [name, score])),
    claimHolds: claim?.holds ?? null,
  };
}

export function entryOf(run: Run, name: StageName): RunStage {
  const entry = run.stages.find((stage) => stage.name === name);
  if (!entry) throw new Error(`no such stage: ${name}`);
  return entry;
}
