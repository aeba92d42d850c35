import { createHash } from 'node:crypto';
import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/client';
import { dropSecrets } from '../activities/secrets/files.ts';
import { canonicalJson, type GivenSecrets, type ReproductionRequest } from '../domain/index.ts';
import { stateOf } from '../infra/state.ts';
import { runName, workflowQueue, workflowType } from '../workflows/contract.ts';
import type { Reprise } from './connection.ts';
import { UsageError } from './errors.ts';
import { prepareRequests, type RequestOptions } from './prepare.ts';
import type { FoundRun } from './runs.ts';
import { handIn, type SecretValues } from './secrets.ts';

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
  for (const { name, request, secrets } of await prepareRequests(reprise, source, options)) started.push(await startRequest(reprise, name, request, secrets));
  return started;
}

/**
 * Starts the reproduction of a request, or attaches to the running one: the workflow's id is made of everything that decides
 * the result, so the same submission is never under way twice. `name` is the submission's, for people; `secrets` are the values
 * of what it declares, which a run that is under way has already.
 */
export async function startRequest(reprise: Reprise, name: string, request: ReproductionRequest, secrets: SecretValues = {}): Promise<StartedRun> {
  const given = Object.keys(secrets).length === 0 ? undefined : await handIn(reprise, secrets);
  const asked = given ? { ...request, secrets: given } : request;
  const workflowId = workflowIdOf(name, asked);
  const before = await runningExecution(reprise, workflowId);
  const handle = await started(reprise, workflowId, name, asked).catch(async (error: unknown) => {
    await forget(reprise, given);
    throw error;
  });
  const executionId = handle.firstExecutionRunId;
  const attached = before === executionId;
  if (attached) await forget(reprise, given);
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

function started({ temporal }: Reprise, workflowId: string, name: string, request: ReproductionRequest) {
  return temporal.workflow.start(workflowType, {
    workflowId,
    taskQueue: workflowQueue,
    args: [request],
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    staticSummary: `Reproduction of ${name}`,
    staticDetails: `Source: ${originOf(request)}`,
  });
}

async function forget({ config }: Reprise, given: GivenSecrets | undefined): Promise<void> {
  if (given) await dropSecrets(stateOf(config).secrets, given.handle);
}

/** Where the request came from does not decide the result, nor do `fresh`, the values of secrets and what may be published. */
function workflowIdOf(name: string, request: ReproductionRequest): string {
  const { fresh: _fresh, accept: _accept, source, secrets, ...deciding } = request;
  const identity = { source: source.kind === 'snapshot' ? source.tree : source, ...(secrets ? { secrets: secrets.names } : {}) };
  const digest = createHash('sha256').update(canonicalJson({ ...deciding, ...identity })).digest('hex');
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
