import { createDocker } from '../activities/io/docker/connection.ts';
import { boundsLayers } from '../activities/io/docker/layer-quota.ts';
import { askEngine, type EngineInfo } from './engine.ts';
import { baseImage, originOf } from './base-image/step.ts';
import { binaries, findBinary, type Binary } from './binaries.ts';
import type { Config } from './config.ts';
import { checkDisk, freeBytes } from './disk.ts';
import { graphicsCheck } from './graphics.ts';
import { isolationChecks } from './isolation.ts';
import { keyProblems } from './keys.ts';
import { localParts, portsOf } from './parts.ts';
import { checkPort } from './ports.ts';
import { probeNamespace, probeTemporal, probeWorker } from './probes.ts';
import { SetupError, type Problem } from './step.ts';
import { probeStoreBehaviour } from './store-probe.ts';
import { stackStatus, type StackStatus } from './stack.ts';
import type { PartState } from './supervisor/supervision.ts';
import { limits } from '../domain/index.ts';

export interface Check {
  name: string;
  status: 'ok' | 'warning' | 'failed';
  message: string;
  nextStep?: string;
}

export interface Diagnosis {
  checks: Check[];
  parts: PartState[];
  /** Limits of domain/limits.ts, in the units their names end with. */
  limits: Record<string, number>;
}

/** Looks at everything that a run needs and changes nothing but a few probe objects in the store. Never throws for what it finds. */
export async function doctor(config: Config): Promise<Diagnosis> {
  const status = await stackStatus(config);
  const checks = await Promise.all([
    engineChecks(config),
    graphicsCheck(config),
    diskCheck(config),
    portChecks(config, status),
    binaryChecks(config),
    keyChecks(config),
    partChecks(config, status),
    temporalChecks(config),
    storeCheck(config),
  ]);
  return { checks: checks.flat(), parts: status.parts, limits: { ...limits } };
}

async function engineChecks(config: Config): Promise<Check[]> {
  const engine = await askEngine(config);
  if ('problem' in engine) return [failed('Docker engine', engine)];
  const { ServerVersion, Driver, CgroupVersion, NCPU, MemTotal } = engine;
  const memory = `${NCPU} CPUs, ${(MemTotal / 1024 ** 3).toFixed(1)} GiB`;
  return [
    ok('Docker engine', `version ${ServerVersion}, storage ${Driver}, cgroup v${CgroupVersion ?? '1'}, ${memory}`),
    limitsCheck(engine),
    ...isolationChecks(engine, config.containerRuntime),
    await baseImageCheck(config),
    ...(await quotaCheck(config, engine)),
  ];
}

function limitsCheck({ MemoryLimit, PidsLimit, ServerVersion }: EngineInfo): Check {
  const name = 'Container limits';
  const lacking = [...(MemoryLimit ? [] : ['memory']), ...(PidsLimit === false ? ['pids'] : [])];
  if (lacking.length > 0) {
    const nextStep = 'Enable the cgroup controllers of the kernel; without them a submission can take the whole machine.';
    return failed(name, { problem: `the engine cannot limit ${lacking.join(' and ')}`, nextStep });
  }
  if (Number.parseInt(ServerVersion, 10) >= 20) return ok(name, 'memory and pids can be limited');
  return failed(name, { problem: `engine ${ServerVersion} is older than 20.10`, nextStep: 'Install a newer Docker engine.' });
}

/** How what containers write is held to its limit; not known before the engine has an image to try it with. */
async function quotaCheck(config: Config, { Driver, DriverStatus = [] }: EngineInfo): Promise<Check[]> {
  const name = 'Disk of containers';
  if ((await originOf(config)) === undefined) return [];
  if (await boundsLayers(createDocker(config.dockerSocket), baseImage)) return [ok(name, `bounded by the storage driver ${Driver}`)];
  const files = DriverStatus.find(([key]) => key === 'Backing Filesystem')?.[1] ?? 'its file system';
  const message = `watched: ${Driver} on ${files} has no quotas; a container over its limit is stopped within ${limits.diskLookMs / 1_000} s`;
  return [{ name, status: 'warning', message, nextStep: 'Optional: put the data-root of the engine on XFS, mounted with the option pquota, or on Btrfs.' }];
}

async function baseImageCheck(config: Config): Promise<Check> {
  const name = `Base image ${baseImage}`;
  const origin = await originOf(config);
  if (origin === 'registry') return ok(name, 'is there');
  if (origin === 'debootstrap') {
    return { name, status: 'warning', message: 'made with debootstrap instead of pulled; reports say so', nextStep: 'Nothing, where no image registry can be reached.' };
  }
  return { name, status: 'warning', message: 'the engine has none yet', nextStep: 'Run `reprise up`.' };
}

async function diskCheck(config: Config): Promise<Check> {
  const found = await checkDisk(config.home);
  if (found !== 'ok') return failed('Free disk', found);
  return ok('Free disk', `${((await freeBytes(config.home)) / 1024 ** 3).toFixed(1)} GiB at ${config.home}`);
}

async function portChecks(config: Config, { parts }: StackStatus): Promise<Check[]> {
  const ports = localParts(config).flatMap((name) => portsOf(config, name).map((port) => ({ name, port })));
  return Promise.all(
    ports.map(async ({ name, port }) => {
      const pid = parts.find((part) => part.name === name)?.pid;
      const found = await checkPort(port, pid === undefined ? [] : [pid]);
      const title = `Port ${port.port}`;
      return found === 'ok' ? ok(title, pid === undefined ? `free for ${port.what}` : `held by ${port.what}`) : failed(title, found);
    }),
  );
}

async function binaryChecks(config: Config): Promise<Check[]> {
  const local = localParts(config);
  const needed: Binary[] = [...(local.includes('temporal') ? [binaries.temporal] : []), ...(local.includes('s3') ? [binaries.versitygw] : [])];
  return Promise.all(
    needed.map(async (binary) => {
      const name = `Program ${binary.name}`;
      try {
        const path = await findBinary(config, binary);
        return path === undefined ? failed(name, { problem: 'is not there', nextStep: 'Run `reprise up`.' }) : ok(name, path);
      } catch (error) {
        return failed(name, { problem: String((error as Error).message), nextStep: error instanceof SetupError ? error.nextStep : 'Run `reprise up`.' });
      }
    }),
  );
}

async function keyChecks(config: Config): Promise<Check[]> {
  const problems = keyProblems(config);
  return problems.length === 0 ? [ok('Keys', 'are there, and only this user reads them')] : problems.map((problem) => failed('Keys', problem));
}

async function partChecks(config: Config, { supervised, supervision, parts }: StackStatus): Promise<Check[]> {
  const running = parts.filter(({ status }) => status !== 'stopped');
  const supervisor = supervised || running.length === 0
    ? ok('Supervision', supervision === 'systemd' ? 'by systemd' : running.length === 0 ? 'nothing runs' : 'by a process of ours')
    : failed('Supervision', { problem: 'nobody starts a part again that dies now', nextStep: 'Run `reprise up`; running parts are taken over.' });
  const worker = await probeWorker(config);
  return [
    supervisor,
    ...parts.filter(({ restarts }) => restarts > 0).map(restartCheck),
    worker === 'ok' ? ok('Worker', 'polls its task queues') : failed('Worker', worker),
  ];
}

function restartCheck({ name, restarts, lastExit }: PartState): Check {
  const message = `${name} ended by itself and was started again ${restarts} time${restarts === 1 ? '' : 's'}; last ${lastExit ?? 'at an unknown time'}`;
  return { name: `Restarts of ${name}`, status: 'warning', message, nextStep: `Read the log of ${name}.` };
}

async function temporalChecks(config: Config): Promise<Check[]> {
  const server = await probeTemporal(config);
  if (server !== 'ok') return [failed('Temporal server', server)];
  const namespace = await probeNamespace(config);
  const name = `Temporal namespace ${config.namespace}`;
  return [
    ok('Temporal server', `answers at ${config.temporalAddress}; UI at ${config.temporalUiUrl}`),
    namespace === 'ok' ? ok(name, 'has its retention and search attributes') : failed(name, namespace),
  ];
}

async function storeCheck(config: Config): Promise<Check[]> {
  const found = await probeStoreBehaviour(config);
  const message = `${config.s3Endpoint}/${config.s3Bucket}: one writer wins, wrong hashes are refused, reads give what was written`;
  return [found === 'ok' ? ok('Object store', message) : failed('Object store', found)];
}

function ok(name: string, message: string): Check {
  return { name, status: 'ok', message };
}

function failed(name: string, { problem, nextStep }: Problem): Check {
  return { name, status: 'failed', message: problem, nextStep };
}
