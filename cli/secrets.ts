import { readFile } from 'node:fs/promises';
import { Option } from 'commander';
import { failure } from '../activities/failure.ts';
import { keepSecrets } from '../activities/secrets/files.ts';
import { type GivenSecrets, hostQueue, limits, SecretName } from '../domain/index.ts';
import { readSecrets } from '../infra/config.ts';
import { probeWorker } from '../infra/probes.ts';
import { stateOf } from '../infra/state.ts';
import { SetupError } from '../infra/step.ts';
import type { Reprise } from './connection.ts';
import { UsageError } from './errors.ts';

/** Values by name. */
export type SecretValues = Record<string, string>;

/** May stand several times. */
export function secretOption(): Option {
  const collect = (spec: string, before: string[] | undefined): string[] => [...(before ?? []), spec];
  return new Option('--secret <name>', 'a secret that the submission declares: NAME takes the environment variable’s value, NAME=@FILE a file’s').argParser(collect);
}

/**
 * The values that `--secret NAME` (an environment variable) and `--secret NAME=@FILE` name. Throws UsageError for anything else,
 * never repeating what was typed: it may be the value itself. Failures: SECRET_MISSING.
 */
export async function readGivenSecrets(specs: readonly string[], environment: NodeJS.ProcessEnv = process.env): Promise<SecretValues> {
  const values: SecretValues = {};
  for (const spec of specs) {
    const [, name = '', , file] = /^([^=]*)(=@(.+))?$/s.exec(spec) ?? [];
    if (!SecretName.safeParse(name).success) throw notGiven();
    values[name] = usable(name, file === undefined ? fromEnvironment(name, environment) : await fromFile(name, file));
  }
  return values;
}

/**
 * The values for one submission: of those that were named, and of REPRISE_SECRET_<NAME> in our environment, what it declares.
 * Throws UsageError where one was named that it does not declare. Failures: SECRET_MISSING.
 */
export function valuesFor(declared: readonly string[], named: SecretValues, environment: NodeJS.ProcessEnv = process.env): SecretValues {
  const surplus = Object.keys(named).filter((name) => !declared.includes(name));
  if (surplus.length > 0) throw new UsageError(`the submission does not ask for the secret ${surplus.join(', ')}`, 'Leave it out, or have it declared under `secrets` in reprise.yaml.');
  const all = { ...readSecrets(environment), ...named };
  const missing = declared.filter((name) => all[name] === undefined);
  if (missing.length > 0) throw failure('SECRET_MISSING', `the submission needs ${missing.join(', ')}, which is not given`);
  return Object.fromEntries(declared.map((name) => [name, usable(name, all[name] ?? '')]));
}

/** Puts the values where the worker of this machine reads them; what comes back holds none. Throws SetupError where no worker is here. */
export async function handIn({ config }: Pick<Reprise, 'config'>, values: SecretValues): Promise<GivenSecrets> {
  const worker = await probeWorker(config);
  if (worker !== 'ok') throw new SetupError(`secrets are given to a worker on this machine (${config.host}), and ${worker.problem}`, worker.nextStep);
  const handle = await keepSecrets(stateOf(config).secrets, values);
  return { handle, names: Object.keys(values), queue: hostQueue(config.host) };
}

function fromEnvironment(name: string, environment: NodeJS.ProcessEnv): string {
  const value = environment[name];
  if (value) return value;
  throw failure('SECRET_MISSING', `--secret ${name}: the environment variable ${name} is not set`);
}

/** The newline that editors and `echo` put after a token is none of it; a key of several lines ends with one. */
async function fromFile(name: string, file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`--secret ${name}: ${file} cannot be read`, 'Check the path.', { cause });
  });
  const line = text.replace(/\r?\n$/, '');
  return line.includes('\n') ? text : line;
}

/** What is too short or too plain stands in logs by chance, and masking it would blank them. */
function usable(name: string, value: string): string {
  const { secretCharacters, secretBytes } = limits;
  if (value.length >= secretCharacters && new Set(value).size > secretCharacters / 2 && Buffer.byteLength(value) <= secretBytes && !value.includes('\0')) return value;
  throw new UsageError(
    `the value of ${name} cannot be used: it must have ${secretCharacters} characters or more, not all alike, at most ${secretBytes} bytes, and no NUL`,
    'Check what the environment variable or the file holds.',
  );
}

function notGiven(): UsageError {
  return new UsageError(
    '--secret takes the name of a secret, such as HF_TOKEN, and never its value: a command line can be read by every user of the machine',
    'Put the value into the environment variable of that name, or into a file: `--secret HF_TOKEN=@FILE`.',
  );
}
