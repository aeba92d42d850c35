import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { delimiter, join } from 'node:path';
import { run } from '../activities/io/subprocess.ts';
import { variableOf, type Config } from './config.ts';
import { downloadProgram, type Release } from './download.ts';
import { produceFile } from './files.ts';
import { packageRoot } from './programs.ts';
import { stateOf } from './state.ts';
import { SetupError, type Step } from './step.ts';

export interface Binary {
  name: 'temporal' | 'versitygw' | 'runsc';
  /** The field of the configuration that names the program, where there is one. */
  field?: 'temporalBinary' | 's3Binary';
  /** Directory with the go.mod and go.sum that pin it. */
  module: string;
  releases: Partial<Record<string, Release>>;
  /** What its build needs of Go beyond the operator's own settings. */
  build?: Record<string, string>;
}

/**
 * The programs of the stack, and the container runtime of gVisor for those who want it: version, official download and its SHA-256 as the release's checksums file lists it, and the Go
 * module that builds the same version.
 */
export const binaries = {
  temporal: {
    name: 'temporal',
    field: 'temporalBinary',
    module: 'infra/temporal',
    releases: {
      'linux-x64': temporalRelease('linux_amd64', 'd8421bda989e6514b4bdb4d63a9012a8a05a806892e881a5aad8510496349a94'),
      'linux-arm64': temporalRelease('linux_arm64', '83600a8fac6e3da54093e5da6918d399f501532b9f1172235603f9606f4ac6e4'),
    },
  },
  versitygw: {
    name: 'versitygw',
    field: 's3Binary',
    module: 'infra/versitygw',
    releases: {
      'linux-x64': storeRelease('Linux_x86_64', '2ba2c734d10d2c4e651d03182cb4b246656bc735a2f282db7b0b73fba6073467'),
      'linux-arm64': storeRelease('Linux_arm64', 'b34051d33f5a9c457f790896acb7bd7d7e15ad8d92efb70616b924f37e401910'),
    },
  },
  runsc: {
    name: 'runsc',
    module: 'infra/gvisor',
    releases: {},
    // It starts itself again where nothing else is, neither a loader nor libraries.
    build: { CGO_ENABLED: '0' },
  },
} as const satisfies Record<string, Binary>;

/** Finds the program, downloads its release, or builds it from the pinned sources; in this order. */
export function binaryStep(config: Config, binary: Binary): Step {
  const named = binary.field === undefined ? 'P' : `Set ${variableOf(binary.field)} to the program, p`;
  const missing = {
    problem: `the program ${binary.name} is not there`,
    nextStep: `${named}ut it on PATH, or install Go (https://go.dev/dl) and run \`reprise up\` again.`,
  };
  return {
    name: `Program ${binary.name}`,
    async check() {
      return (await findBinary(config, binary)) === undefined ? missing : 'ok';
    },
    async apply(waitingFor) {
      const target = join(stateOf(config).binaries, binary.name);
      await mkdir(stateOf(config).binaries, { recursive: true });
      const release = binary.releases[`${platform()}-${arch()}`];
      const refusal = release ? await downloadProgram(release, target, waitingFor) : `there is no release for ${platform()}-${arch()}`;
      if (refusal === 'ok') return;
      waitingFor(`building ${binary.name} from its pinned sources (up to 5 minutes; ${refusal})`);
      await build(binary, target, missing.nextStep);
    },
  };
}

/** Path of the program: as configured, on PATH, or in the cache. Throws SetupError where the configured one cannot be run. */
export async function findBinary(config: Config, binary: Binary): Promise<string | undefined> {
  const configured = binary.field && config[binary.field];
  if (binary.field !== undefined && configured !== undefined) {
    if (await isExecutable(configured)) return configured;
    throw new SetupError(`${configured} cannot be run`, `Correct ${variableOf(binary.field)}, or leave it out.`);
  }
  return findOnPath(binary.name, [stateOf(config).binaries]);
}

/** Path of a program on PATH, then in further directories. */
export async function findOnPath(name: string, further: string[] = []): Promise<string | undefined> {
  for (const directory of [...(process.env['PATH'] ?? '').split(delimiter), ...further]) {
    const path = join(directory, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

const buildTimeoutMs = 20 * 60_000;

async function build(binary: Binary, target: string, nextStep: string): Promise<void> {
  const go = await run('go', ['version']).catch((cause: unknown) => {
    throw new SetupError(`${binary.name} cannot be downloaded, and there is no Go to build it`, nextStep, { cause });
  });
  await produceFile(target, 0o755, async (temporary) => {
    const options = { cwd: join(packageRoot, binary.module), env: { ...goEnvironment(), ...binary.build }, timeoutMs: buildTimeoutMs };
    const { exitCode, stderr } = await run('go', ['build', '-ldflags=-s -w', '-o', temporary, 'tool'], options);
    if (exitCode === 0) return;
    const said = stderr.trim().split('\n').slice(-5).join('\n');
    throw new SetupError(`${go.stdout.trim()} does not build ${binary.name}:\n${said}`, nextStep);
  });
}

/** Where Go keeps and finds things (GOPROXY, GOPATH, GOFLAGS, …), as the operator set it. */
function goEnvironment(): Record<string, string> {
  const given = Object.entries(process.env).filter(([name]) => /^GO[A-Z0-9]+$/.test(name) || name === 'XDG_CACHE_HOME');
  return Object.fromEntries(given.map(([name, value]) => [name, value ?? '']));
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(() => true, () => false);
}

function temporalRelease(target: string, sha256: string): Release {
  return { url: `https://github.com/temporalio/cli/releases/download/v1.8.2/temporal_cli_1.8.2_${target}.tar.gz`, sha256, member: 'temporal' };
}

function storeRelease(target: string, sha256: string): Release {
  const name = `versitygw_v1.8.0_${target}`;
  return { url: `https://github.com/versity/versitygw/releases/download/v1.8.0/${name}.tar.gz`, sha256, member: `${name}/versitygw` };
}
