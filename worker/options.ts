import { parseArgs } from 'node:util';
import { OptionError } from './start-problem.ts';

export const workerHelp = `Usage: reprise-worker [--host NAME] [--gpu INDEX|UUID,…]

Does the work of one host: builds, trains and serves on its Docker engine, for the stack whose Temporal server and object store it
is told. Runs until SIGTERM; what runs in containers then goes on, and the next worker attaches to it.

  --host NAME  name of this machine in task queues (REPRISE_HOST; default: its host name)
  --gpu …      the GPUs that it gives out, by index or UUID of nvidia-smi; all of them unless given
  --help       this text

It needs REPRISE_TEMPORAL_ADDRESS, REPRISE_S3_ENDPOINT, REPRISE_S3_ACCESS_KEY_ID, REPRISE_S3_SECRET_ACCESS_KEY, the stack's keys
(REPRISE_SUITE_KEY_FILE, REPRISE_SIGNING_KEY_FILE, REPRISE_FINGERPRINT_KEY_FILE), and debian:bookworm-slim in its engine.

Example: REPRISE_TEMPORAL_ADDRESS=10.0.0.2:7233 REPRISE_S3_ENDPOINT=http://10.0.0.2:7070 reprise-worker --host gpu-7 --gpu 0
`;

export interface WorkerOptions {
  help: boolean;
  /** With what the command line says, as the variables that the configuration reads. */
  environment: NodeJS.ProcessEnv;
  /** Indexes or UUIDs; all of the machine where it is undefined. */
  gpus: string[] | undefined;
}

/** Throws TypeError or OptionError naming what it does not take. */
export function optionsOf(args: string[], environment: NodeJS.ProcessEnv): WorkerOptions {
  const { values } = parseArgs({ args, options: { host: { type: 'string' }, gpu: { type: 'string', multiple: true }, help: { type: 'boolean', short: 'h' } } });
  // An empty one comes of a variable that is not set, and would quietly mean another host, or no device at all.
  if (values.host?.trim() === '') throw new OptionError('--host names no host');
  if (values.gpu?.some((each) => each.split(',').some((name) => name.trim() === ''))) throw new OptionError('--gpu names no device, or an empty one');
  const gpus = values.gpu?.flatMap((each) => each.split(',')).map((name) => name.trim());
  return { help: values.help === true, environment: values.host === undefined ? environment : { ...environment, REPRISE_HOST: values.host }, gpus };
}
