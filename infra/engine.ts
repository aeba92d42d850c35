import { existsSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import Docker from 'dockerode';
import { run } from '../activities/io/subprocess.ts';
import { limits } from '../domain/index.ts';
import { binaries, binaryStep, findBinary } from './binaries.ts';
import type { Config } from './config.ts';
import { runtimeProblem } from './isolation.ts';
import { enginePart } from './parts.ts';
import { identify } from './processes.ts';
import { startPartStep } from './start-part.ts';
import { SetupError, type Problem, type Step } from './step.ts';
import type { Supervision } from './supervisor/supervision.ts';

/** Version and limits of a reachable engine; the problem where none answers. */
export async function askEngine(config: Pick<Config, 'dockerSocket'>): Promise<EngineInfo | Problem> {
  try {
    const docker = new Docker({ socketPath: config.dockerSocket, timeout: 10_000 });
    return (await docker.info()) as EngineInfo;
  } catch (error) {
    return { problem: `no Docker engine answers at ${config.dockerSocket} (${(error as Error).message})`, nextStep: await startAdvice() };
  }
}

export interface EngineInfo {
  ServerVersion: string;
  Driver: string;
  CgroupVersion?: string;
  MemoryLimit: boolean;
  PidsLimit?: boolean;
  NCPU: number;
  MemTotal: number;
  Runtimes?: Record<string, unknown>;
  DefaultRuntime?: string;
  SecurityOptions?: string[];
  DockerRootDir: string;
  DriverStatus?: [string, string][];
}

/** The engine's program: there already, or installed from Debian where we may. */
export function engineProgramStep(config: Config): Step {
  return {
    name: 'Docker engine',
    async check() {
      if ((await findEngine()) !== undefined || !('problem' in (await askEngine(config)))) return 'ok';
      return { problem: 'there is no Docker engine on this machine', nextStep: await installAdvice() };
    },
    async apply(waitingFor) {
      if (!(await mayInstall())) throw new SetupError('there is no Docker engine on this machine', await installAdvice());
      waitingFor('apt-get update');
      await apt(['update']);
      waitingFor('apt-get install docker.io iptables');
      await apt(['install', '--yes', '--no-install-recommends', 'docker.io', 'iptables', 'ca-certificates']);
    },
  };
}

/** Path of dockerd, where it is installed. */
async function findEngine(): Promise<string | undefined> {
  return ['/usr/sbin/dockerd', '/usr/bin/dockerd', '/usr/local/bin/dockerd'].find((path) => existsSync(path));
}

/** As the engine's runtime is called by gVisor's own `runsc install`. */
export const gvisor = 'runsc';

/** gVisor's program, where the engine is, or will be, one that `up` starts: others have been given theirs. */
export function gvisorProgramStep(config: Config, supervision: Supervision): Step {
  const program = binaryStep(config, binaries.runsc);
  const isGiven = async (): Promise<boolean> => !('problem' in (await askEngine(config))) && !(await isOurs(supervision));
  return { ...program, check: async () => ((await isGiven()) ? 'ok' : program.check()) };
}

/** A running engine with the runtime that is configured: whoever's it is, or started by us, as a service of systemd or as a part of the stack. */
export function engineStep(config: Config, supervision: Supervision): Step {
  const probe = async (): Promise<'ok' | Problem> => {
    const answer = await askEngine(config);
    return 'problem' in answer ? answer : (runtimeProblem(answer, config.containerRuntime) ?? 'ok');
  };
  const part = async () => enginePart(config, (await findEngine()) ?? 'dockerd', config.containerRuntime === gvisor ? await findBinary(config, binaries.runsc) : undefined);
  const ours = startPartStep(config, supervision, 'engine', part, probe);
  return {
    name: ours.name,
    check: async () => ((await isOurs(supervision)) ? ours.check() : probe()),
    async apply(waitingFor) {
      const answer = await askEngine(config);
      const missing = 'problem' in answer || (await isOurs(supervision)) ? undefined : runtimeProblem(answer, config.containerRuntime);
      if (missing) throw new SetupError(missing.problem, missing.nextStep);
      if (process.getuid?.() !== 0) throw new SetupError(`no Docker engine answers at ${config.dockerSocket}`, await startAdvice());
      if (supervision.kind === 'systemd') return startEngineService(config);
      await removeStalePidFile();
      await ours.apply(waitingFor);
    },
  };
}

async function isOurs(supervision: Supervision): Promise<boolean> {
  return (await supervision.wanted()).some(({ name }) => name === 'engine');
}

/** Debian's own service is no part of ours. Throws SetupError where it does not come up. */
async function startEngineService(config: Config): Promise<void> {
  const { exitCode, stderr } = await run('systemctl', ['start', 'docker.service']);
  const nextStep = 'Read `journalctl --unit docker.service`.';
  if (exitCode !== 0) throw new SetupError(`docker.service does not start: ${stderr.trim()}`, nextStep);
  const endMs = performance.now() + limits.partReadyMs;
  while ('problem' in (await askEngine(config))) {
    if (performance.now() > endMs) throw new SetupError('docker.service runs, but does not answer', nextStep);
    await wait(250);
  }
}

/** A dockerd that was killed leaves its pid file, and a number that is used again keeps the next one from starting. */
async function removeStalePidFile(path = '/var/run/docker.pid'): Promise<void> {
  if (!existsSync(path)) return;
  const pid = Number(await readFile(path, 'utf8'));
  const name = identify(pid) && (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => ''));
  if (name?.trim() !== 'dockerd') rmSync(path, { force: true });
}

/** Runs apt-get without questions. Throws SetupError with its last lines. */
export async function apt(args: string[]): Promise<void> {
  const options = { env: { DEBIAN_FRONTEND: 'noninteractive' }, timeoutMs: 15 * 60_000 };
  const { exitCode, stdout, stderr } = await run('apt-get', ['--quiet', ...args], options);
  if (exitCode === 0) return;
  const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-5).join('\n');
  throw new SetupError(`apt-get ${args.join(' ')} ended with exit code ${exitCode}:\n${said}`, 'Put right what apt-get names, then run `reprise up` again.');
}

/** Root on a Debian: nobody else's machine is changed. */
export async function mayInstall(): Promise<boolean> {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get');
}

async function installAdvice(): Promise<string> {
  if (existsSync('/etc/debian_version')) return 'Run as root: apt-get update && apt-get install --yes docker.io iptables';
  return 'Install Docker Engine (https://docs.docker.com/engine/install), or name its socket in REPRISE_DOCKER_SOCKET.';
}

async function startAdvice(): Promise<string> {
  if ((await findEngine()) === undefined) return installAdvice();
  if (existsSync('/run/systemd/system')) return 'Run as root: systemctl start docker, and add your user to the group docker.';
  return 'Run `reprise up` as root, which starts dockerd, or start it yourself.';
}
