import { setTimeout as wait } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { searchAttributes } from '../workflows/contract.ts';
import type { Config } from './config.ts';
import { SetupError, type Problem, type Step } from './step.ts';

/** Closed runs stay in the UI for a century; the default namespace of the server drops them after a day. */
const retentionDays = 36_500;
const daySeconds = 86_400;

/** temporal.api.enums.v1.IndexedValueType. */
const indexedType = { keyword: 2, double: 4 } as const;
const attributeTypes = Object.fromEntries(
  Object.values(searchAttributes).map((name) => [name, name === searchAttributes.score ? indexedType.double : indexedType.keyword]),
);

/** The namespace, its retention and its search attributes. */
export function namespaceStep(config: Config): Step {
  return {
    name: `Temporal namespace ${config.namespace}`,
    check: () => withConnection(config, (connection) => namespaceProblem(connection, config)),
    apply: (waitingFor) =>
      withConnection(config, async (connection) => {
        await registerNamespace(connection, config);
        waitingFor('the namespace to be known to every part of the server');
        await patiently(() => addAttributes(connection, config));
        waitingFor('the search attributes to be usable');
        await patiently(() => useAttributes(connection, config));
      }),
  };
}

/** What is missing of the namespace; asks the server once. */
export async function namespaceProblem(connection: Connection, config: Pick<Config, 'namespace'>): Promise<'ok' | Problem> {
  const nextStep = 'Run `reprise up`; on a server of somebody else, ask for the namespace and its search attributes (infra/README.md).';
  const described = await describe(connection, config);
  if (!described) return { problem: `the namespace ${config.namespace} does not exist`, nextStep };
  const days = Number(described.config?.workflowExecutionRetentionTtl?.seconds ?? 0) / daySeconds;
  if (days < retentionDays) return { problem: `the namespace keeps closed workflows for ${days} days instead of ${retentionDays}`, nextStep };
  const missing = await missingAttributes(connection, config);
  return missing.length === 0 ? 'ok' : { problem: `search attributes are missing: ${missing.join(', ')}`, nextStep };
}

/** Connects to the configured server for as long as the work takes. Throws SetupError where none answers. */
export async function withConnection<Result>(config: Config, work: (connection: Connection) => Promise<Result>): Promise<Result> {
  const connection = await Connection.connect({ address: config.temporalAddress, connectTimeout: '5s' }).catch((cause: unknown) => {
    throw new SetupError(`no Temporal server answers at ${config.temporalAddress}`, 'Run `reprise up`.', { cause });
  });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** gRPC status codes that we act on. */
const notFound = 5;
const alreadyExists = 6;

async function describe(connection: Connection, { namespace }: Pick<Config, 'namespace'>) {
  try {
    return await connection.workflowService.describeNamespace({ namespace });
  } catch (error) {
    if (codeOf(error) === notFound) return undefined;
    throw error;
  }
}

async function registerNamespace(connection: Connection, { namespace }: Config): Promise<void> {
  const workflowExecutionRetentionTtl = { seconds: retentionDays * daySeconds } as never;
  try {
    await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: workflowExecutionRetentionTtl });
  } catch (error) {
    if (codeOf(error) !== alreadyExists) throw error;
    await connection.workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl } });
  }
}

async function missingAttributes(connection: Connection, { namespace }: Pick<Config, 'namespace'>): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return Object.keys(attributeTypes).filter((name) => customAttributes?.[name] === undefined);
}

async function addAttributes(connection: Connection, config: Config): Promise<void> {
  const missing = await missingAttributes(connection, config);
  if (missing.length === 0) return;
  const wanted = Object.fromEntries(missing.map((name) => [name, attributeTypes[name] ?? indexedType.keyword]));
  await connection.operatorService.addSearchAttributes({ namespace: config.namespace, searchAttributes: wanted });
}

/** The list page's own question: it fails until the store of the list knows every attribute. */
async function useAttributes(connection: Connection, { namespace }: Config): Promise<void> {
  const query = Object.entries(attributeTypes).map(([name, type]) => (type === indexedType.double ? `${name} = 1` : `${name} = "x"`));
  await connection.workflowService.listWorkflowExecutions({ namespace, pageSize: 1, query: query.join(' AND ') });
}

const patienceMs = 60_000;

/** The server spreads what it was told among its parts within seconds, and denies it until then. */
async function patiently(work: () => Promise<void>): Promise<void> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await wait(300);
    }
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
