import { execa } from 'execa';
import { failure } from '../failure.ts';

export interface SubprocessOptions {
  cwd?: string;
  /** Added to the few variables that are passed on. */
  env?: Record<string, string>;
  signal?: AbortSignal;
  timeoutMs?: number;
  /** Of each of stdout and stderr; 16 MiB unless given. */
  maxOutputBytes?: number;
}

export interface SubprocessResult {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/**
 * Runs a program with an argument array, never through a shell, and gives back its output and exit code, whatever that is.
 * Of our environment it sees the search path, its home, proxies and CA bundles only, so that no secret of the worker reaches
 * it. Failures: PLATFORM_ERROR where it cannot be started, is killed, or says more or takes longer than allowed.
 */
export async function run(command: string, args: string[], options: SubprocessOptions = {}): Promise<SubprocessResult> {
  const { cwd, env, signal, timeoutMs, maxOutputBytes = 16 * 1024 ** 2 } = options;
  const result = await execa(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    ...(signal === undefined ? {} : { cancelSignal: signal }),
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    env: { ...passedOn(process.env), ...env },
    extendEnv: false,
    stdin: 'ignore',
    maxBuffer: maxOutputBytes,
    stripFinalNewline: false,
    reject: false,
    forceKillAfterDelay: 5_000,
  });
  if (result.isCanceled) signal?.throwIfAborted();
  if (result.exitCode === undefined || result.timedOut || result.isMaxBuffer) {
    throw failure('PLATFORM_ERROR', `running ${command}: ${result.shortMessage ?? 'it could not be started'}`, { cause: result });
  }
  return { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode };
}

/** What a program needs to be found, to find its configuration and to reach the network; in both spellings where both are used. */
const passedOnNames = [
  'PATH',
  'HOME',
  'LANG',
  'TMPDIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'all_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'NODE_EXTRA_CA_CERTS',
  'REQUESTS_CA_BUNDLE',
];

function passedOn(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(passedOnNames.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])));
}
