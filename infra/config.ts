import { existsSync, readFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { parsePrices, priceNames } from '../domain/index.ts';
import { localStoreCredentials } from './local-store.ts';
import { hostPipIndex } from './pip-configuration.ts';

const port = z.coerce.number().int().min(1).max(65_535);

/**
 * The whole configuration: one field, one environment variable, one line of `$REPRISE_HOME/config.yaml` each; the environment
 * wins. `npm run docs` prints this schema as the README's table, so every field says what it is for.
 */
export const Config = z.strictObject({
  home: z.string().describe('State of the local stack: data, logs, keys'),
  cache: z.string().describe('Built or downloaded binaries, kept over `home`'),
  host: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]*$/).describe('Name of this machine in task queues'),
  temporalAddress: z.string().describe('gRPC address of the Temporal server'),
  temporalUiUrl: z.url().describe('Address of the Temporal UI'),
  namespace: z.string().min(1).describe('Temporal namespace'),
  s3Endpoint: z.url().describe('S3 endpoint; the local one when on loopback'),
  s3Bucket: z.string().min(3).describe('Bucket for everything stored'),
  s3Region: z.string().min(1).describe('Region that requests are signed for'),
  s3AccessKeyId: z.string().optional().describe('Access key; made by `up` for the local store'),
  s3SecretAccessKey: z.string().optional().describe('Secret key; made by `up` for the local store'),
  dockerSocket: z.string().describe('Socket of the Docker engine'),
  containerRuntime: z.string().min(1).optional().describe('Runtime of the engine that submissions run in, e.g. `runsc` (gVisor); default: the engine’s own'),
  temporalBinary: z.string().optional().describe('The `temporal` program, where it is not on PATH'),
  s3Binary: z.string().optional().describe('The `versitygw` program, where it is not on PATH'),
  temporalPort: port.describe('Port of the local Temporal server'),
  temporalUiPort: port.describe('Port of the local Temporal UI'),
  s3Port: port.describe('Port of the local object store'),
  imageMap: z.record(z.string(), z.string()).describe('Image references to replace: from=to, comma-separated'),
  caBundle: z.string().optional().describe('PEM file that containers trust while building; default: the host’s'),
  httpProxy: z.string().optional().describe('Proxy for plain HTTP while building and training'),
  httpsProxy: z.string().optional().describe('Proxy for HTTPS while building and training'),
  pipIndexUrl: z.url().optional().describe('Package index of which builds see the past; default: what pip of this host asks'),
  npmRegistryUrl: z.url().optional().describe('npm registry that is asked whether it tells times; default: what npm of this host asks'),
  buildReaches: z.string().regex(/^(?:[^\s,]+:\d+(?:,|$))*$/, 'must be like 127.0.0.2:8765, comma-separated').describe('Services of this machine that builds may reach all the same: host:port, comma-separated'),
  aptSnapshot: z.record(z.url(), z.string().regex(/\{date\}/, 'must hold {date}')).describe('Snapshot archives of which apt sees the past while building: mirror=archive, comma-separated; `{date}` becomes a timestamp. Without one, apt is pinned by recording'),
  aptArchive: z.record(z.url(), z.url()).describe('Archives of suites that have left their mirrors, for repairs: mirror=archive, comma-separated'),
  condaChannels: z.array(z.url()).describe('Channels of conda of which recorded builds see the past: addresses, comma-separated. Without them, conda is pinned by recording'),
  recordBuilds: z.enum(['on', 'off']).describe('Whether builds go out only through a proxy that records what they take in'),
  recordingAuthorityFile: z.string().describe('Certificate authority that recorded builds trust (PEM, key and certificate); made at the first build'),
  trainingReachable: z.array(z.string().regex(/^\S+:\d+$/, 'must be host:port')).describe('Services at private addresses that trainings with egress may reach: host:port, comma-separated'),
  suiteKeyFile: z.string().describe('Key of the closed suites (32 bytes, hexadecimal)'),
  signingKeyFile: z.string().describe('Ed25519 private key of the attestations (PEM)'),
  fingerprintKeyFile: z.string().describe('Key of the fingerprints of secrets (32 bytes, hexadecimal)'),
  prices: z.string().refine(isPrices, 'must be like gpu-hour=2.5,cpu-hour=0.04,currency=EUR').describe(`Price table of \`reprise status\`: ${priceNames.join(', ')}, currency; name=value, comma-separated`),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error']).describe('Verbosity of the worker’s log'),
});
export type Config = z.infer<typeof Config>;

/** Environment variable of a field: `s3AccessKeyId` -> `REPRISE_S3_ACCESS_KEY_ID`. */
export function variableOf(field: string): string {
  return `REPRISE_${field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

export class ConfigError extends Error {}

/**
 * Reads the configuration once, from the environment and `$REPRISE_HOME/config.yaml`.
 * Throws ConfigError naming each wrong field and where it was set.
 */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const home = resolve(environment['REPRISE_HOME'] ?? defaultHome());
  const file = join(home, 'config.yaml');
  const given = existsSync(file) ? readFields(file) : {};
  for (const field of Object.keys(Config.shape)) {
    const value = environment[variableOf(field)];
    if (value !== undefined && value !== '') given[field] = valuesOf(field, value);
  }
  const parsed = Config.safeParse({ ...defaults(home, given, environment), ...given, home });
  if (parsed.success) return { ...localStoreCredentials(parsed.data), ...parsed.data };
  const lines = parsed.error.issues.map((issue) => {
    const field = String(issue.path[0] ?? (issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : ''));
    return issue.code === 'unrecognized_keys' ? `${field} (${file}): there is no such setting` : `${field} (${variableOf(field)} or ${file}): ${issue.message}`;
  });
  throw new ConfigError(`the configuration is not usable:\n  ${lines.join('\n  ')}`);
}

function readFields(file: string): Record<string, unknown> {
  const notUsable = (why: string, cause?: unknown): ConfigError => new ConfigError(`${file} is not usable: ${why}`, { cause });
  let value: unknown;
  try {
    value = parse(readFileSync(file, 'utf8')) ?? {};
  } catch (error) {
    throw notUsable((error as Error).message.split('\n')[0]?.replace(/:$/, '') ?? '', error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notUsable('it is no list of `field: value`');
  return { ...value };
}

/** Values of submissions' secrets by name, from `REPRISE_SECRET_<NAME>`; kept apart from Config so that printing one never shows them. */
export function readSecrets(environment: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const prefix = 'REPRISE_SECRET_';
  const given = Object.entries(environment).filter(([name, value]) => name.startsWith(prefix) && value);
  return Object.fromEntries(given.map(([name, value]) => [name.slice(prefix.length), value ?? '']));
}

function defaults(home: string, given: Record<string, unknown>, environment: NodeJS.ProcessEnv): Record<string, unknown> {
  const temporalPort = given['temporalPort'] ?? 7233;
  const temporalUiPort = given['temporalUiPort'] ?? 8233;
  const s3Port = given['s3Port'] ?? 7070;
  return {
    cache: join(environment['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'reprise'),
    host: hostname(),
    temporalAddress: `127.0.0.1:${temporalPort}`,
    temporalUiUrl: `http://127.0.0.1:${temporalUiPort}`,
    namespace: 'reprise',
    s3Endpoint: `http://127.0.0.1:${s3Port}`,
    s3Bucket: 'reprise',
    s3Region: 'us-east-1',
    dockerSocket: '/var/run/docker.sock',
    temporalPort,
    temporalUiPort,
    s3Port,
    imageMap: {},
    pipIndexUrl: hostPipIndex(environment),
    npmRegistryUrl: environment['npm_config_registry'],
    buildReaches: '',
    aptSnapshot: {},
    aptArchive: {},
    condaChannels: [],
    recordBuilds: 'on',
    recordingAuthorityFile: join(home, 'keys', 'recording.pem'),
    suiteKeyFile: join(home, 'keys', 'suite.key'),
    signingKeyFile: join(home, 'keys', 'signing.pem'),
    fingerprintKeyFile: join(home, 'keys', 'fingerprint.key'),
    trainingReachable: [],
    prices: '',
    logLevel: 'info',
    ...hostCaBundle(),
  };
}

/** `.reprise` in a checkout, so that several do not meet; `~/.reprise` for an installed package. */
function defaultHome(): string {
  const root = resolve(import.meta.dirname, '..');
  return existsSync(join(root, 'tsconfig.json')) ? join(root, '.reprise') : join(homedir(), '.reprise');
}

function hostCaBundle(): { caBundle?: string } {
  const usual = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem'];
  const found = usual.find((path) => existsSync(path));
  return found === undefined ? {} : { caBundle: found };
}

function isPrices(text: string): boolean {
  try {
    parsePrices(text);
    return true;
  } catch {
    return false; // Said by the schema.
  }
}

/** What a field with several values is written as in the environment. */
function valuesOf(field: string, value: string): unknown {
  if (maps.has(field)) return parseMap(value);
  return lists.has(field) ? value.split(',').map((each) => each.trim()) : value;
}

/** Fields that are given as `one,two`. */
const lists = new Set(['trainingReachable', 'condaChannels']);

/** Fields that are given as `from=to,from=to`. */
const maps = new Set(['imageMap', 'aptSnapshot', 'aptArchive']);

function parseMap(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => pair.split('='));
  return Object.fromEntries(pairs.map(([from, to]) => [from?.trim() ?? '', to?.trim() ?? '']));
}
