/**
 * The typed library that the command `reprise` is built on.
 *
 *   const reprise = await connect(readConfig());
 *   const [run] = await startReproduction(reprise, 'examples/addition', { suite: 'examples/suites/addition' });
 *   for await (const { run: state } of watchRun(reprise, run)) console.log(state?.status);
 */
export { auditRun } from './activities/audit/audit.ts';
export { auditPublication } from './activities/audit/publication.ts';
export { exportRun } from './activities/audit/export.ts';
export { createDirectoryStore } from './activities/io/directory.ts';
export type { ObjectStore } from './activities/io/store.ts';
export { connect, type Reprise } from './cli/connection.ts';
export type { RequestOptions } from './cli/prepare.ts';
export { findRun, listRuns, readRun, type FoundRun, type ListedRun } from './cli/runs.ts';
export { startReproduction, startRequest, type StartedRun } from './cli/start.ts';
export { watchRun, type RunView } from './cli/watch.ts';
export { coarseRound, eliminate, type Eliminated, type EliminationSettings, type ModelScores, type Stratum } from './domain/adaptation/index.ts';
export * from './domain/index.ts';
export { Config, readConfig } from './infra/config.ts';
