import { deviceHealth } from '../activities/io/gpu-devices.ts';
import { run } from '../activities/io/subprocess.ts';
import { findOnPath } from './binaries.ts';
import type { Config } from './config.ts';
import type { Check } from './doctor.ts';
import { askEngine } from './engine.ts';

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;

/**
 * The GPUs that containers could be given: model, memory in all and free, driver, and whether each is in order; and whether the
 * engine can give them. None is fine for the track `cpu`.
 */
export async function graphicsCheck(config: Config): Promise<Check[]> {
  const name = 'GPU';
  if (!(await findOnPath('nvidia-smi'))) return [{ name, status: 'ok', message: 'none (no nvidia-smi); only the track cpu can run here' }];
  const { exitCode, stdout, stderr } = await run('nvidia-smi', ['--query-gpu=index,uuid,name,memory.total,driver_version', '--format=csv,noheader,nounits'], { timeoutMs: 20_000 });
  if (exitCode !== 0) {
    const message = `nvidia-smi ended with exit code ${exitCode}: ${(stderr || stdout).trim()}`;
    return [{ name, status: 'warning', message, nextStep: 'Install the driver that fits the kernel, or reboot after its update.' }];
  }
  const devices = await Promise.all(stdout.trim().split('\n').map(deviceCheck));
  return [...devices, await runtimeCheck(config)];
}

async function deviceCheck(line: string): Promise<Check> {
  const [index, uuid = '', model = '', megabytes, driver = ''] = line.split(',').map((field) => field.trim());
  const memoryBytes = Number(megabytes) * MiB;
  const name = `GPU ${uuid}`;
  const health = await deviceHealth(uuid);
  if (health?.healthy === false) {
    return { name, status: 'failed', message: `index ${index}, ${model}: out of service, ${health.problem}`, nextStep: `Reset it (nvidia-smi --gpu-reset --id=${uuid}) or reboot; it takes trainings again when it is in order.` };
  }
  const free = health ? `, ${((memoryBytes - health.sample.memoryBytes) / GiB).toFixed(1)} GiB free` : '';
  return { name, status: 'ok', message: `index ${index}, ${model}, ${(memoryBytes / GiB).toFixed(1)} GiB${free}, driver ${driver}` };
}

/** Newer toolkits need no runtime of that name; what counts then is shown by the first start. */
async function runtimeCheck(config: Config): Promise<Check> {
  const name = 'GPU runtime';
  const engine = await askEngine(config);
  if ('problem' in engine) return { name, status: 'warning', message: 'not known: the engine does not answer' };
  const runtimes = Object.keys((engine as { Runtimes?: Record<string, unknown> }).Runtimes ?? {});
  if (runtimes.includes('nvidia')) return { name, status: 'ok', message: 'the engine has the runtime nvidia' };
  return {
    name,
    status: 'warning',
    message: `the engine has no runtime nvidia, only ${runtimes.join(', ')}`,
    nextStep: 'Install the NVIDIA container toolkit: nvidia-ctk runtime configure --runtime=docker, then restart the engine.',
  };
}
