import type Docker from 'dockerode';
import type { Logger } from 'pino';
import type { StageProgress } from '../domain/index.ts';
import type { ObjectStore } from './io/store.ts';

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
}

export interface Settings {
  host: string;
  imageMap: Record<string, string>;
  caBundle: string | undefined;
  httpProxy: string | undefined;
  httpsProxy: string | undefined;
  suiteKeyFile: string;
  signingKeyFile: string;
  fingerprintKeyFile: string;
  /** Values of secrets by name (REPRISE_SECRET_<NAME>). */
  secrets: Record<string, string>;
  /** Directory for what is spooled on its way to the store. */
  scratchDirectory: string;
}
