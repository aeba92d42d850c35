import type Docker from 'dockerode';
import type { Logger } from 'pino';
import type { StageProgress } from '../domain/index.ts';
import type { ObjectStore } from './io/store.ts';
import type { NamedValue } from './scan/values.ts';

/** What the worker (or the command line) hands to every stage; nothing below reads the environment. */
export interface Dependencies {
  store: ObjectStore;
  docker: Docker;
  logger: Logger;
  settings: Settings;
  /** The history of a workflow so far, in the JSON that `Worker.runReplayHistory` reads. */
  exportHistory(workflowId: string): Promise<Uint8Array>;
  /** Tells the running workflow what a stage is doing, for its details in the UI. */
  signalProgress(workflowId: string, progress: StageProgress): Promise<void>;
  /** Whether a worker asks for the work of a task queue. */
  isPolled(queue: string): Promise<boolean>;
  /** Told of the values that a run brings, so that the worker's own log masks them. */
  onSecrets?(values: readonly NamedValue[]): void;
}

export interface Settings {
  host: string;
  imageMap: Record<string, string>;
  caBundle: string | undefined;
  httpProxy: string | undefined;
  httpsProxy: string | undefined;
  /** The package index (pip's `index-url`) of which builds see the past; without it builds see whatever index they ask. */
  pipIndexUrl?: string;
  /** The registry of npm; without it npm takes no date. */
  npmRegistryUrl?: string;
  /** Snapshot archives for apt: address of a mirror -> address of its past, with `{date}`. */
  aptSnapshot?: Record<string, string>;
  /** Addresses of conda's channels of which builds see the past. */
  condaChannels?: string[];
  /** Archives of suites that have left their mirrors: address of a mirror -> address of its archive. */
  aptArchive?: Record<string, string>;
  /** Pages of package indexes are kept here over runs. */
  indexCacheDirectory?: string;
  /** Builds are recorded where it is there; without it they go out as they like. */
  recording?: {
    /** Key and certificate of the authority that recorded builds trust; made where it is missing. */
    authorityFile: string;
    /** `host:port` of this machine's own services that builds may reach all the same. */
    reachable?: string[];
  };
  suiteKeyFile: string;
  signingKeyFile: string;
  fingerprintKeyFile: string;
  /** `host:port` of services at private addresses that trainings may reach all the same. */
  trainingReachable?: string[];
  /** Values of secrets by name: the worker's (REPRISE_SECRET_<NAME>), and the ones that were given for the run. */
  secrets: Record<string, string>;
  /** Those of them that the run's submission gets, and that nothing may hold which it leaves behind. */
  exposedSecrets?: readonly NamedValue[];
  /** Where the values that are given for a run lie on this machine. */
  secretsDirectory?: string;
  /** The GPUs of this machine that runs are given, by UUID; all of them where it is absent. */
  offeredGpus?: string[];
  /** GPUs that this worker gives to containers, by UUID or index; any one where it is absent. */
  gpuDevices?: string[];
  /** The engine's runtime that submissions run in, such as gVisor's `runsc`; the engine's default where it is absent. */
  containerRuntime?: string | undefined;
  /** Directory for what is spooled on its way to the store. */
  scratchDirectory: string;
}
