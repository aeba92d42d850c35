import type { FailureCode } from '../../domain/index.ts';
import { refusedCommand } from '../io/docker/errors.ts';
import type { Excess } from '../io/docker/excess.ts';

/** How a build ended, as the engine tells it. */
export interface BuildEnd {
  /** The engine's own words. */
  error: string;
  /** Of the command of a RUN that failed. */
  exitCode: number | undefined;
  /** Upper case; undefined where no step was begun. */
  keyword: string | undefined;
  /** What the failing step printed, oldest first. */
  lines: string[];
  /** Why the platform killed the step. */
  excess?: Excess | undefined;
}

export interface BuildCause {
  code: Extract<
    FailureCode,
    | 'BUILD_COPY_MISSING'
    | 'BUILD_PACKAGE_MISSING'
    | 'BUILD_STEP_FAILED'
    | 'BUILD_PACKAGE_BROKEN'
    | 'BUILD_TOOL_MISSING'
    | 'BUILD_CONFLICT'
    | 'BUILD_OUT_OF_MEMORY'
    | 'BUILD_NETWORK'
    | 'BASE_IMAGE_UNAVAILABLE'
    | 'REGISTRY_UNREACHABLE'
    | 'DOCKERFILE_INVALID'
    | 'DISK_FULL'
    | 'DISK_LIMIT'
    | 'PROCESS_LIMIT'
    | 'PLATFORM_ERROR'
  >;
  /** What happened, as the end of a sentence. */
  reason: string;
}

interface Rule {
  code: BuildCause['code'];
  pattern: RegExp;
  reason(match: RegExpExecArray): string;
}

/** A cause stands near the end of what a step prints; further up are warnings that the step got over. */
const lastLines = 40;

/** The cause of a failed build: the first rule that matches, the engine's words before the step's output. */
export function causeOf(end: BuildEnd): BuildCause {
  if (end.excess) return { code: end.excess.code, reason: `the command ${end.excess.reason}, and was killed` };
  const output = end.lines.slice(-lastLines);
  return (
    firstMatch(engineRules, [end.error]) ??
    (end.keyword === 'FROM' || end.keyword === undefined ? firstMatch(baseRules, [end.error]) : undefined) ??
    firstMatch(memoryRules, output) ??
    (end.exitCode === 137 ? { code: 'BUILD_OUT_OF_MEMORY', reason: 'the command was killed, as the memory limit does' } : undefined) ??
    networkCause(end.lines) ??
    firstMatch(networkRules, output) ??
    firstMatch(diskRules, output) ??
    firstMatch(packageRules, output) ??
    (end.lines.some((line) => builtByPip.test(line)) ? firstMatch(sourceRules, end.lines) : undefined) ??
    otherCause(end)
  );
}

const engineRules: Rule[] = [
  rule('BUILD_COPY_MISSING', /(?:COPY|ADD) failed: (?:file not found in build context or excluded by \.dockerignore: )?(?:stat|lstat) (?:\.reprise\/modes\/\d+\/)?(\S+?):? (?:file does not exist|no such file or directory)/, ([, path]) => `${path} is not in the build context, or .dockerignore excludes it`),
  rule('BUILD_COPY_MISSING', /(?:COPY|ADD) failed: no source files were specified/, () => 'no file of the build context matches its source'),
  rule('BUILD_COPY_MISSING', /forbidden path outside the build context: (\S+)/i, ([, path]) => `${path} lies outside the build context`),
  rule('DISK_FULL', /no space left on device/i, () => 'no space is left on the disk of the Docker engine'),
  rule('DOCKERFILE_INVALID', /dockerfile parse error(?: on)? line \d+: (.+)|(unknown instruction: .+)|(no build stage in current context)/i, (match) => match.slice(1).find(Boolean) ?? match[0]),
  rule('BASE_IMAGE_UNAVAILABLE', /(manifest for \S+ not found|pull access denied for \S+?)[:,]|(manifest unknown)|(invalid reference format)|(no matching manifest for \S+)/i, (match) => match.slice(1).find(Boolean) ?? match[0]),
];

/** Only where the base is fetched: a RUN that curls prints the same words. */
const baseRules: Rule[] = [
  rule('BASE_IMAGE_UNAVAILABLE', /(no such image: \S+|repository \S+ not found|unauthorized: .+)/i, ([, words]) => words ?? ''),
  rule('REGISTRY_UNREACHABLE', /(no such host|connection refused|i\/o timeout|TLS handshake timeout|connection reset by peer|toomanyrequests|x509: .+|Client\.Timeout exceeded|50[234] \w+|EOF)/i, ([, words]) => `the registry did not answer: ${words}`),
];

const memoryRules: Rule[] = [
  rule('BUILD_OUT_OF_MEMORY', /(Killed signal terminated program \S+|internal compiler error: Killed|virtual memory exhausted|std::bad_alloc|^MemoryError\b|ENOMEM|JavaScript heap out of memory)/, ([, words]) => `out of memory: ${words}`),
  rule('BUILD_OUT_OF_MEMORY', /^Killed$/, () => 'a process was killed, as the memory limit does'),
];

/** What tools say when the way to a server is broken, and not what is asked of it. */
const networkRules: Rule[] = [
  rule('BUILD_NETWORK', /(Temporary failure (?:in name resolution|resolving '[^']+')|Could not resolve host: \S+|getaddrinfo E?AI_AGAIN \S+)/, ([, words]) => words ?? ''),
  rule('BUILD_NETWORK', /(CERTIFICATE_VERIFY_FAILED|SSL certificate problem: [^(]+|server certificate verification failed|SELF_SIGNED_CERT_IN_CHAIN|unable to get local issuer certificate)/, ([, words]) => `TLS is not trusted: ${words?.trim()}`),
  rule('BUILD_NETWORK', /^E: Failed to fetch (\S+)\s+(Hash Sum mismatch|File has unexpected size)/, ([, url, words]) => `${url}: ${words}, as while a mirror is brought up to date`),
  rule('BUILD_NETWORK', /(Connection (?:reset by peer|timed out|refused)|Read timed out|Network is unreachable|Max retries exceeded|ECONNRESET|ETIMEDOUT|Remote end closed connection|TLS connection was non-properly terminated|early EOF|RPC failed)/i, ([, words]) => words ?? ''),
];

const diskRules: Rule[] = [rule('DISK_FULL', /no space left on device/i, () => 'no space is left on the disk of the Docker engine')];

const packageRules: Rule[] = [
  rule('BUILD_PACKAGE_MISSING', /No matching distribution found for (\S.*?)(?: \(from .*)?$/, ([, name]) => `pip finds no distribution for ${name}`),
  rule('BUILD_PACKAGE_MISSING', /Could not find a version that satisfies the requirement (\S+)/, ([, name]) => `pip finds no version for ${name}`),
  rule('BUILD_PACKAGE_MISSING', /Unable to locate package (\S+)/, ([, name]) => `apt finds no package ${name}`),
  rule('BUILD_PACKAGE_MISSING', /Couldn't find any package by (?:glob|regex) '(\S+)'/, ([, name]) => `apt finds no package ${name}`),
  rule('BUILD_PACKAGE_MISSING', /Package '(\S+)' has no installation candidate/, ([, name]) => `apt has no candidate for ${name}`),
  rule('BUILD_PACKAGE_MISSING', /Version '(\S+)' for '(\S+)' was not found/, ([, version, name]) => `apt has no version ${version} of ${name}`),
  rule('BUILD_PACKAGE_MISSING', /^E: The repository '(.+) Release' (?:does not have|no longer has) a Release file/, ([, suite]) => `the archive has no suite ${suite}`),
  rule('BUILD_PACKAGE_MISSING', /^E: Failed to fetch (\S+)\s+404\s+Not Found/, ([, url]) => `the archive no longer has ${url}`),
  rule('BUILD_PACKAGE_MISSING', /(?:PackagesNotFoundError|ResolvePackageNotFound)[:\s-]*(.*)/, ([, names]) => `conda does not find a package${names ? `: ${names}` : ''}`),
  rule('BUILD_PACKAGE_MISSING', /npm (?:ERR!|error) 404\s+'?([^\s']+@[^\s']+)'? is not in this registry/, ([, name]) => `npm finds no package ${name}`),
];

/** What a package that is built from source says of its surroundings: tools that are not there, or no longer what they were. */
const sourceRules: Rule[] = [
  rule('BUILD_CONFLICT', /Cannot install (.+?) because these package versions have conflicting dependencies/, ([, names]) => `the requirements of ${names} contradict each other`),
  rule('BUILD_TOOL_MISSING', /error: can't find (Rust compiler)/, ([, tool]) => `there is no ${tool}`),
  rule('BUILD_TOOL_MISSING', /error: command '(\S*(?:gcc|g\+\+|cc))' failed: No such file or directory|unable to execute '(\S*(?:gcc|g\+\+|cc))'/, (match) => `there is no compiler (${match[1] ?? match[2]})`),
  rule('BUILD_TOOL_MISSING', /fatal error: (\S+\.h): No such file or directory/, ([, header]) => `there is no ${header}`),
  rule('BUILD_TOOL_MISSING', /(nvcc: (?:command )?not found|CUDA_HOME environment variable is not set|nvcc was not found)/, ([, words]) => `there is no CUDA toolkit: ${words}`),
  rule('BUILD_PACKAGE_BROKEN', /error in (\S+) setup command: (use_2to3 is invalid)/, ([, name, words]) => `${name} does not build: ${words}`),
  rule('BUILD_PACKAGE_BROKEN', /^\s+ModuleNotFoundError: (No module named '(?:pkg_resources|setuptools[\w.]*|distutils[\w.]*|packaging|wheel|numpy|torch|Cython|psutil)')/, ([, words]) => `a package does not build: ${words}`),
  rule('BUILD_PACKAGE_BROKEN', /(AttributeError: cython_sources)/, ([, words]) => `a package does not build: ${words}`),
];

/** Frames that pip puts around what a package prints while it is built: without one, the words are the command's own. */
const builtByPip = /did not run successfully|Command errored out with exit status|Failed building wheel for|ResolutionImpossible/;

/**
 * pip ends on "No matching distribution found" also when it never reached its index; what it printed before tells the two apart.
 * Only then warnings count, as pip gets over single ones.
 */
function networkCause(lines: string[]): BuildCause | undefined {
  const output = lines.slice(-lastLines);
  if (!output.some((line) => /No matching distribution found/.test(line))) return undefined;
  const broken = output.findLast((line) => /connection broken by|SSLError|Could not fetch URL|Retrying \(Retry\(/.test(line));
  if (broken === undefined) return undefined;
  return firstMatch(networkRules, output) ?? { code: 'BUILD_NETWORK', reason: `pip did not reach its index: ${broken.trim().slice(0, 200)}` };
}

function otherCause({ error, exitCode, keyword, lines }: BuildEnd): BuildCause {
  if (exitCode === undefined) {
    // A RUN ends with its command's exit code; without one the engine could not run it (its network, its storage).
    const isEngines = keyword === 'RUN' && refusedCommand(new Error(error)) === undefined;
    return { code: isEngines ? 'PLATFORM_ERROR' : 'BUILD_STEP_FAILED', reason: error };
  }
  const said = lines.findLast((line) => line.trim() !== '');
  return { code: 'BUILD_STEP_FAILED', reason: `exit code ${exitCode}${said === undefined ? '' : `, last output: ${said.trim().slice(0, 200)}`}` };
}

/** The rules in their order, each tried on the newest line first. */
function firstMatch(rules: Rule[], lines: string[]): BuildCause | undefined {
  for (const { code, pattern, reason } of rules) {
    for (const line of lines.toReversed()) {
      const match = pattern.exec(line);
      if (match) return { code, reason: reason(match) };
    }
  }
  return undefined;
}

function rule(code: BuildCause['code'], pattern: RegExp, reason: Rule['reason']): Rule {
  return { code, pattern, reason };
}
