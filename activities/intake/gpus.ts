import { cpuQueue, gpuQueue, type TrackName, tracks } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { run } from '../io/subprocess.ts';

export interface Gpu {
  /** Its number in nvidia-smi; another one after a reboot, where devices come or go. */
  index: string;
  uuid: string;
  model: string;
  memoryBytes: number;
}

const MiB = 1024 ** 2;

/** The NVIDIA devices of this machine by nvidia-smi, or those of them that are `offered`; none where the program is missing or knows none. */
export async function discoverGpus(offered?: readonly string[]): Promise<Gpu[]> {
  const query = ['--query-gpu=index,uuid,name,memory.total', '--format=csv,noheader,nounits'];
  const answer = await run('nvidia-smi', query, { timeoutMs: 20_000 }).catch(() => undefined); // Not installed: no GPU.
  const gpus = answer?.exitCode === 0 ? parseGpus(answer.stdout) : [];
  return offered ? gpus.filter(({ uuid }) => offered.includes(uuid)) : gpus;
}

export function parseGpus(text: string): Gpu[] {
  return text.split('\n').flatMap((line) => {
    const [index = '', uuid, model, memory] = line.split(',').map((field) => field.trim());
    const megabytes = Number(memory);
    return uuid?.startsWith('GPU-') && model && Number.isFinite(megabytes) ? [{ index, uuid, model, memoryBytes: megabytes * MiB }] : [];
  });
}

/** The devices that a track may train on. */
export function gpusOf(track: TrackName, gpus: Gpu[]): Gpu[] {
  const wanted = tracks[track].gpu;
  if (!wanted) return [];
  return gpus.filter(({ model, memoryBytes }) => new RegExp(wanted.modelPattern, 'i').test(model) && memoryBytes >= wanted.minimumMemoryBytes);
}

/**
 * The queue on which a run trains. Runs spread over equal devices by their name. Failures: TRACK_UNAVAILABLE, saying what
 * the machine has instead.
 */
export function trainQueue(track: TrackName, host: string, run: string, gpus: Gpu[]): string {
  if (!tracks[track].gpu) return cpuQueue(host);
  const fitting = gpusOf(track, gpus);
  const turn = [...run].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 1_000_003, 7);
  const gpu = fitting[turn % fitting.length];
  if (gpu) return gpuQueue(host, gpu.uuid);
  const has = gpus.length === 0 ? 'no NVIDIA GPU' : gpus.map(({ model }) => model).join(', ');
  throw failure('TRACK_UNAVAILABLE', `the track ${track} needs ${tracks[track].description}, and ${host} has ${has}`);
}
