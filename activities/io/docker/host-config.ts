import type { HostConfig } from 'dockerode';
import { limits, tracks, type TrackName } from '../../../domain/index.ts';

export interface ContainerLimits {
  memoryBytes: number;
  cpus: number;
  pids: number;
  shmBytes: number;
}

export interface Confinement {
  limits: ContainerLimits;
  /** `<volume>:<path>[:ro]`. */
  volumes: VolumeMount[];
  /** `none`, `bridge` (egress), or the name of an internal network. */
  network: string;
  gpu: GpuRequest | undefined;
}

export interface VolumeMount {
  volume: string;
  path: string;
  readOnly: boolean;
}

/** The devices by UUID or index; any one device where the operator names none. */
export interface GpuRequest {
  deviceIds: string[];
}

/** What a track grants, on this host: the engine refuses more CPUs than it has. */
export function limitsOf(track: TrackName, hostCpus: number): ContainerLimits {
  const { memoryBytes, cpus } = tracks[track];
  return { memoryBytes, cpus: Math.min(cpus, hostCpus), pids: limits.containerPids, shmBytes: limits.shmBytes };
}

export function gpuOf(track: TrackName, deviceIds: string[] | undefined): GpuRequest | undefined {
  return tracks[track].gpu === undefined ? undefined : { deviceIds: deviceIds ?? [] };
}

/**
 * What every container of a submission is confined by: no capabilities, no new privileges, no swap beyond the memory limit, a
 * bounded engine log, no restarts. Port 80 stays usable without capabilities (the engine sets ip_unprivileged_port_start).
 */
export function hardenedHostConfig(confinement: Confinement): HostConfig {
  return {
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges'],
    Privileged: false,
    Init: true,
    RestartPolicy: { Name: 'no' },
    NetworkMode: confinement.network,
    IpcMode: 'private',
    // `nocopy`: what the image has at that path is not taken for what the container wrote.
    Binds: confinement.volumes.map(({ volume, path, readOnly }) => `${volume}:${path}:${readOnly ? 'ro' : 'rw'},nocopy`),
    LogConfig: { Type: 'json-file', Config: { 'max-size': String(limits.engineLogBytes), 'max-file': '2' } },
    Ulimits: [
      { Name: 'nofile', Soft: limits.containerOpenFiles, Hard: limits.containerOpenFiles },
      { Name: 'core', Soft: 0, Hard: 0 },
    ],
    // When the host itself runs out of memory, the submission goes before the worker and the engine.
    OomScoreAdj: 500,
    ...boundsOf(confinement.limits),
    ...devicesOf(confinement.gpu),
  };
}

function boundsOf({ memoryBytes, cpus, pids, shmBytes }: ContainerLimits): Partial<HostConfig> {
  return { Memory: memoryBytes, MemorySwap: memoryBytes, NanoCpus: Math.round(cpus * 1e9), PidsLimit: pids, ShmSize: shmBytes };
}

function devicesOf(gpu: GpuRequest | undefined): Partial<HostConfig> {
  if (!gpu) return {};
  const devices = gpu.deviceIds.length > 0 ? { DeviceIDs: gpu.deviceIds } : { Count: 1 };
  return { DeviceRequests: [{ Driver: 'nvidia', Capabilities: [['gpu']], ...devices }] };
}
