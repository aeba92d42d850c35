import { createHash } from 'node:crypto';
import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/client';
import { canonicalJson, type ReproductionRequest } from '../domain/index.ts';
import { runName, workflowQueue, workflowType } from '../workflows/contract.ts';
import type { Reprise } from './connection.ts';
import { UsageError } from './errors.ts';
import { prepareRequests, type RequestOptions } from './prepare.ts';
import type { FoundRun } from './runs.ts';

export interface StartedRun extends FoundRun {
  /** True where the same submission was already under way. */
  attached: boolean;
}

/**
 * Starts the reproduction of a source (directory, archive, git address with `#ref:subdirectory`): one run, or one for each
 * submission with `all`. What is wrong with source or suite is thrown before anything starts (ApplicationFailure with a code
 * of domain/failures.ts). A submission that is under way already is attached to.
 */
export async function startReproduction(reprise: Reprise, source: string, options: RequestOptions = {}): Promise<StartedRun[]> {
  const started: StartedRun[] = [];
  for (const { name, request } of await prepareRequests(reprise, source, options)) started.push(await startRequest(reprise, name, request));
  return started;
}

/**
 * Starts the reproduction of a request, or attaches to the running one: the workflow's id is made of everything that decides
 * the result, so the same submission is never under way twice. `name` is the submission's, for people.
 */
export async function startRequest(reprise: Reprise, name: string, request: ReproductionRequest): Promise<StartedRun> {
  const workflowId = workflowIdOf(name, request);
  const before = await runningExecution(reprise, workflowId);
  const handle = await reprise.temporal.workflow.start(workflowType, {
    workflowId,
    taskQueue: workflowQueue,
    args: [request],
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    staticSummary: `Reproduction of ${name}`,
    staticDetails: `Source: ${originOf(request)}`,
  });
  const executionId = handle.firstExecutionRunId;
  const attached = before === executionId;
  if (attached && request.accept) {
    throw new UsageError(`${workflowId} is under way; what it accepts was said when it was started`, 'Wait until it has ended, then `reprise retry --accept …`.');
  }
  const { config } = reprise;
  return {
    run: runName(workflowId, executionId),
    workflowId,
    handle: reprise.temporal.workflow.getHandle(workflowId, executionId),
    uiUrl: `${config.temporalUiUrl}/namespaces/${config.namespace}/workflows/${encodeURIComponent(workflowId)}/${executionId}/history`,
    attached,
  };
}

/** Where the request came from does not decide the result, nor do `fresh` and what may be published. */
export function workflowIdOf(name: string, request: ReproductionRequest): string {
  const { fresh: _fresh, accept: _accept, source, ...deciding } = request;
  const identity = source.kind === 'snapshot' ? source.tree : source;
  const digest = createHash('sha256').update(canonicalJson({ ...deciding, source: identity })).digest('hex');
  return `${name}-${digest.slice(0, 10)}`;
}

async function runningExecution(reprise: Reprise, workflowId: string): Promise<string | undefined> {
  const query = `WorkflowId = '${workflowId}' AND ExecutionStatus = 'Running'`;
  for await (const { runId } of reprise.temporal.workflow.list({ query })) return runId;
  return undefined;
}

function originOf({ source }: ReproductionRequest): string {
  if (source.kind === 'git') return source.url;
  return source.kind === 'snapshot' ? source.origin : source.path;
}
