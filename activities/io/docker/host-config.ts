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
  /** `none`, `container:<id>`, `bridge`, or the name of an internal network. */
  network: string;
  gpu: GpuRequest | undefined;
  /** What it may write into its own layer; the storage driver holds it to a tenth more where it can. */
  layerBytes?: number | undefined;
  /** Nothing but /tmp, /var/tmp and /run can be written, which are in memory and count as such. */
  readOnlyRoot?: boolean;
  /** The engine's runtime, such as gVisor's `runsc`; its default where it is absent. */
  runtime?: string | undefined;
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
    // Open files stay at the engine's default: one that is not root on its host may not set more than it has itself.
    Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
    ...ownCgroupView,
    // When the host itself runs out of memory, the submission goes before the worker and the engine.
    OomScoreAdj: 500,
    ...namesOf(confinement.network),
    ...boundsOf(confinement.limits),
    ...devicesOf(confinement.gpu),
    ...rootOf(confinement),
    ...(confinement.runtime === undefined ? {} : { Runtime: confinement.runtime }),
  };
}

/** It sees its own limits and not where they hang; version 1 of cgroups would show it the host's tree. The types lack the field. */
const ownCgroupView = { CgroupnsMode: 'private' } as object;

/** Where a server may write although its root is read-only. */
export const scratchDirectories = ['/tmp', '/var/tmp', '/run'] as const;

/** Programs are compiled into /tmp and loaded from there, so it is not `noexec`. */
function rootOf({ readOnlyRoot, limits: { memoryBytes } }: Confinement): Partial<HostConfig> {
  if (!readOnlyRoot) return {};
  const sizeBytes = Math.min(limits.scratchBytes, Math.floor(memoryBytes / 2));
  const options = `rw,exec,nosuid,nodev,mode=1777,size=${sizeBytes}`;
  return { ReadonlyRootfs: true, Tmpfs: Object.fromEntries(scratchDirectories.map((path) => [path, options])) };
}

/** TEST-NET-1 of RFC 5737: nobody answers there. */
const nobody = '192.0.2.1';

/**
 * On an internal network the engine's resolver still asks the host's name servers, from the host (CVE-2024-29018): a way out by
 * names. With a name server of its own it asks from within, where nothing is reached.
 */
function namesOf(network: string): Partial<HostConfig> {
  if (network === 'none' || network === 'bridge' || network.startsWith('container:')) return {};
  return { Dns: [nobody], DnsSearch: ['.'], DnsOptions: ['timeout:1', 'attempts:1'] };
}

function boundsOf({ memoryBytes, cpus, pids, shmBytes }: ContainerLimits): Partial<HostConfig> {
  return { Memory: memoryBytes, MemorySwap: memoryBytes, NanoCpus: Math.round(cpus * 1e9), PidsLimit: pids, ShmSize: shmBytes };
}

function devicesOf(gpu: GpuRequest | undefined): Partial<HostConfig> {
  if (!gpu) return {};
  const devices = gpu.deviceIds.length > 0 ? { DeviceIDs: gpu.deviceIds } : { Count: 1 };
  return { DeviceRequests: [{ Driver: 'nvidia', Capabilities: [['gpu']], ...devices }] };
}
