import { WorkflowNotFoundError, type WorkflowExecutionInfo, type WorkflowHandle } from '@temporalio/client';
import { failures, isFailureCode, Run, type StageProgress } from '../domain/index.ts';
import { runName, runQuery, searchAttributes, workflowType, type Activities } from '../workflows/contract.ts';
import type { Reprise } from './connection.ts';
import { UsageError } from './errors.ts';

/** One execution of the workflow, found by what a person types. */
export interface FoundRun {
  run: string;
  workflowId: string;
  handle: WorkflowHandle;
  uiUrl: string;
}

/** What `list` shows of one run; taken from the search attributes, so that no worker is needed. */
export interface ListedRun {
  run: string;
  workflowId: string;
  submission: string | undefined;
  team: string | undefined;
  track: string | undefined;
  status: string;
  stage: string | undefined;
  fault: string | undefined;
  score: number | undefined;
  startedAt: string;
  endedAt: string | undefined;
  uiUrl: string;
}

/** Finds a run by its name, or the newest run of a workflow by the workflow's id. Throws UsageError where there is none. */
export async function findRun(reprise: Reprise, name: string): Promise<FoundRun> {
  for await (const info of executions(reprise, `WorkflowId = '${quoted(name)}' OR WorkflowId = '${quoted(name.replace(/-[0-9a-f]{8}$/, ''))}'`)) {
    const run = runName(info.workflowId, info.runId);
    if (name === run || name === info.workflowId) {
      return { run, workflowId: info.workflowId, handle: reprise.temporal.workflow.getHandle(info.workflowId, info.runId), uiUrl: uiUrlOf(reprise, info) };
    }
  }
  throw new UsageError(`there is no run ${JSON.stringify(name)} in the namespace ${reprise.config.namespace}`, 'See `reprise list` for the runs there are.');
}

export async function* listRuns(reprise: Reprise, filter?: string): AsyncIterable<ListedRun> {
  const query = [`WorkflowType = '${workflowType}'`, ...(filter === undefined ? [] : [`(${filter})`])].join(' AND ');
  for await (const info of executions(reprise, query)) yield listedRun(reprise, info);
}

/** The state of a run as its workflow tells it; asks the workflow, so a worker must be up. */
export async function readRun(found: FoundRun): Promise<Run> {
  const run = Run.parse(await found.handle.query(runQuery));
  return { ...run, uiUrl: found.uiUrl };
}

/** What the running stages last said of themselves, from their heartbeats. */
export async function readProgress(found: FoundRun): Promise<{ progress: StageProgress[]; waiting: string[] }> {
  const { raw } = await found.handle.describe();
  const pending = raw.pendingActivities ?? [];
  const progress = pending.flatMap(({ heartbeatDetails }) => {
    const data = heartbeatDetails?.payloads?.[0]?.data;
    return data ? [JSON.parse(Buffer.from(data).toString('utf8')) as StageProgress] : [];
  });
  return { progress, waiting: pending.flatMap(waitingLine) };
}

/** Whether the run goes on. */
export async function isOpen(found: FoundRun): Promise<boolean> {
  return (await found.handle.describe()).status.name === 'RUNNING';
}

type PendingActivity = NonNullable<NonNullable<Awaited<ReturnType<WorkflowHandle['describe']>>['raw']['pendingActivities']>[number]>;

/** Why a pending activity is not running: it waits for a worker, or for its next attempt. */
function waitingLine(activity: PendingActivity): string[] {
  const name = activity.activityType?.name as keyof Activities | undefined;
  const failure = activity.lastFailure;
  if (activity.lastStartedTime == null) return [`${name}: waiting for a worker`];
  if (failure == null || (activity.attempt ?? 1) < 2) return [];
  const code = failure.applicationFailureInfo?.type;
  const before = `${name}: attempt ${activity.attempt}, the one before ended with`;
  return [isFailureCode(code) ? `${before} ${code}: ${failure.message}; ${failures[code].nextStep}` : `${before} ${failure.message}`];
}

const grpcInvalidArgument = 3;

async function* executions(reprise: Reprise, query: string): AsyncIterable<WorkflowExecutionInfo> {
  try {
    yield* reprise.temporal.workflow.list({ query });
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return;
    const { code, details } = ((error as Error).cause ?? {}) as { code?: number; details?: string };
    if (code !== grpcInvalidArgument) throw error;
    throw new UsageError(`the Temporal server refuses the filter: ${details}`, "Write it as in `reprise list --help`; columns: RepriseSubmission, RepriseTeam, RepriseTrack, RepriseStatus, RepriseStage, RepriseFault, RepriseScore.", { cause: error });
  }
}

function listedRun(reprise: Reprise, info: WorkflowExecutionInfo): ListedRun {
  const attribute = (name: string): unknown => (info.searchAttributes as Record<string, unknown[] | undefined>)[name]?.[0];
  const text = (name: string): string | undefined => attribute(name) as string | undefined;
  return {
    run: runName(info.workflowId, info.runId),
    workflowId: info.workflowId,
    submission: text(searchAttributes.submission),
    team: text(searchAttributes.team),
    track: text(searchAttributes.track),
    status: info.status.name === 'COMPLETED' ? (text(searchAttributes.status) ?? 'completed') : info.status.name.toLowerCase(),
    stage: text(searchAttributes.stage),
    fault: text(searchAttributes.fault),
    score: attribute(searchAttributes.score) as number | undefined,
    startedAt: info.startTime.toISOString(),
    endedAt: info.closeTime?.toISOString(),
    uiUrl: uiUrlOf(reprise, info),
  };
}

function uiUrlOf({ config }: Reprise, { workflowId, runId }: Pick<WorkflowExecutionInfo, 'workflowId' | 'runId'>): string {
  return `${config.temporalUiUrl}/namespaces/${config.namespace}/workflows/${encodeURIComponent(workflowId)}/${runId}/history`;
}

function quoted(text: string): string {
  return text.replaceAll("'", "''");
}
