import { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { variableOf, type Config } from './config.ts';
import { isLoopback, storeKeyFile } from './local-store.ts';
import { programFile, sourceRevision } from './programs.ts';
import { stateOf } from './state.ts';

export const partNames = ['engine', 's3', 'temporal', 'worker'] as const;
export type PartName = (typeof partNames)[number];

/** How one long-running part is started; the supervising process and systemd are given the same. Holds no secret. */
export const Part = z.strictObject({
  name: z.enum(partNames),
  command: z.string(),
  args: z.array(z.string()),
  environment: z.record(z.string(), z.string()),
  /** Lines NAME=value that only the part may read. */
  environmentFile: z.string().optional(),
  /** Whether the part is handed the secrets that we were given (secretVariables). */
  givesSecrets: z.boolean(),
  /** Changes when the part must be started anew: its sources or the secrets given to it. */
  revision: z.string(),
});
export type Part = z.infer<typeof Part>;

/** The ports that a local part listens on, with the variable that moves each. */
export function portsOf(config: Config, part: PartName): { port: number; variable: string; what: string }[] {
  if (part === 'temporal') {
    return [
      { port: config.temporalPort, variable: variableOf('temporalPort'), what: 'the Temporal server' },
      { port: config.temporalUiPort, variable: variableOf('temporalUiPort'), what: 'the Temporal UI' },
    ];
  }
  return part === 's3' ? [{ port: config.s3Port, variable: variableOf('s3Port'), what: 'the object store' }] : [];
}

/** The parts that run on this machine: a Temporal server or an object store elsewhere is only used, never started. */
export function localParts(config: Config): PartName[] {
  return partNames.filter((name) => {
    if (name === 'temporal') return isLoopback(config.temporalAddress);
    return name === 's3' ? isLoopback(config.s3Endpoint) : true;
  });
}

export function enginePart(config: Config, command: string, runsc?: string): Part {
  // Containers outlive the engine (live-restore), so that its restart costs no training; logs are bounded by domain/limits.ts
  // for our containers, and here for everybody else's.
  const args = ['--host', `unix://${config.dockerSocket}`, '--live-restore', '--log-opt', 'max-size=64m', '--log-opt', 'max-file=2'];
  if (runsc !== undefined) args.push('--add-runtime', `runsc=${runsc}`);
  return { name: 'engine', command, args, environment: {}, givesSecrets: false, revision: '1' };
}

export function storePart(config: Config, command: string): Part {
  return {
    name: 's3',
    command,
    args: ['--port', `127.0.0.1:${config.s3Port}`, '--region', config.s3Region, '--quiet', 'posix', stateOf(config).objects],
    environment: {},
    environmentFile: storeKeyFile(config.home),
    givesSecrets: false,
    revision: '1',
  };
}

export function temporalPart(config: Config, command: string): Part {
  // Priority and fairness keys of task queues need both.
  const settings = ['matching.useNewMatcher=true', 'matching.enableFairness=true'];
  return {
    name: 'temporal',
    command,
    args: [
      'server',
      'start-dev',
      '--ip=127.0.0.1',
      `--port=${config.temporalPort}`,
      `--ui-port=${config.temporalUiPort}`,
      `--db-filename=${stateOf(config).temporalDatabase}`,
      '--ui-disable-news-fetch',
      '--log-level=warn',
      '--log-format=json',
      ...settings.map((setting) => `--dynamic-config-value=${setting}`),
    ],
    environment: {},
    givesSecrets: false,
    revision: '1',
  };
}

export function workerPart(config: Config, environment: NodeJS.ProcessEnv = process.env): Part {
  return {
    name: 'worker',
    command: process.execPath,
    args: ['--enable-source-maps', programFile('worker/main')],
    // glibc keeps what was freed for each of its arenas: with eight a core, a recorded download of gigabytes leaves 15 MiB more.
    environment: { ...environmentOf(config), MALLOC_ARENA_MAX: '2' },
    givesSecrets: true,
    revision: `${sourceRevision()}-${environmentRevision(config, environment)}`,
  };
}

/** What is handed to the worker and written nowhere: secrets of submissions, and keys of an object store that is not ours. */
export function secretVariables(environment: NodeJS.ProcessEnv = process.env): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).flatMap(([name, value = '']) => (isSecret(name) ? [[name, value]] : [])));
}

/** Changes when a secret that we were given does, and does not say what it is. */
export function environmentRevision(config: Config, environment: NodeJS.ProcessEnv = process.env): string {
  const key = existsSync(config.fingerprintKeyFile) ? readFileSync(config.fingerprintKeyFile) : '';
  const given = Object.entries(secretVariables(environment)).sort();
  return createHmac('sha256', key).update(JSON.stringify(given)).digest('hex').slice(0, 16);
}

const secretFields: readonly string[] = ['s3AccessKeyId', 's3SecretAccessKey'] satisfies (keyof Config)[];

function isSecret(variable: string): boolean {
  return variable.startsWith('REPRISE_SECRET_') || secretFields.some((field) => variableOf(field) === variable);
}

/** The configuration as variables, so that the worker reads what `up` read. The local store's keys it reads from their file. */
function environmentOf(config: Config): Record<string, string> {
  const given = Object.entries(config).filter(([field, value]) => value !== undefined && !secretFields.includes(field));
  return Object.fromEntries(given.map(([field, value]) => [variableOf(field), asText(value)]));
}

function asText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value).map(([from, to]) => `${from}=${String(to)}`).join(',');
}
