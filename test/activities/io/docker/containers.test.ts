import { describe, expect, it } from 'vitest';
import { createOptions, type ContainerPlan } from '../../../../activities/io/docker/containers.ts';
import { engineFailure, refusedCommand } from '../../../../activities/io/docker/errors.ts';
import { framesOf } from '../../../../activities/io/docker/frames.ts';
import { hardenedHostConfig, type Confinement } from '../../../../activities/io/docker/host-config.ts';
import { imageTag, runPrefix } from '../../../../activities/io/docker/names.ts';

const confinement: Confinement = {
  limits: { memoryBytes: 1e9, cpus: 1.5, pids: 100, shmBytes: 1e6 },
  volumes: [{ volume: 'v', path: '/model', readOnly: true }],
  network: 'none',
  gpu: undefined,
};
const plan: ContainerPlan = {
  owner: { run: 'r1', stage: 'train', workflowId: 'w1' },
  image: 'sha256:1',
  env: { A: 'b c' },
  confinement,
  whenRefused: 'TRAIN_EXIT',
};

describe('a container of a submission', () => {
  it('has no capabilities, no privileges, no swap and a bounded log', () => {
    expect(hardenedHostConfig(confinement)).toMatchObject({
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Privileged: false,
      Memory: 1e9,
      MemorySwap: 1e9,
      NanoCpus: 1.5e9,
      PidsLimit: 100,
      NetworkMode: 'none',
      Binds: ['v:/model:ro,nocopy'],
      LogConfig: { Type: 'json-file', Config: { 'max-file': '2' } },
      RestartPolicy: { Name: 'no' },
    });
  });

  it.each([
    [undefined, undefined],
    [{ deviceIds: [] }, [{ Driver: 'nvidia', Capabilities: [['gpu']], Count: 1 }]],
    [{ deviceIds: ['GPU-1'] }, [{ Driver: 'nvidia', Capabilities: [['gpu']], DeviceIDs: ['GPU-1'] }]],
  ])('asks for the devices %j', (gpu, requests) => {
    expect(hardenedHostConfig({ ...confinement, gpu }).DeviceRequests).toEqual(requests);
  });

  it('asks the host’s name servers for nothing on an internal network', () => {
    expect(hardenedHostConfig({ ...confinement, network: 'reprise-r-serve' }).Dns).toEqual(['192.0.2.1']);
    expect(hardenedHostConfig({ ...confinement, network: 'bridge' }).Dns).toBeUndefined();
  });

  it('is named and labelled by its run, whatever its image claims', () => {
    const options = createOptions(plan, { labels: { 'reprise.run': 'somebody-else', 'com.docker.compose.project': 'shop' }, volumes: ['/data'] });
    expect(options).toMatchObject({ name: 'reprise-r1-train', Env: ['A=b c'], Healthcheck: { Test: ['NONE'] } });
    expect(options.Labels).toEqual({ 'reprise.run': 'r1', 'reprise.stage': 'train', 'reprise.workflow': 'w1', 'com.docker.compose.project': '' });
  });

  it('whose root is read-only writes to nothing but memory, whatever volumes its image claims', () => {
    const readOnly = { ...plan, confinement: { ...confinement, readOnlyRoot: true } };
    const { HostConfig } = createOptions(readOnly, { labels: {}, volumes: ['/data/', '/model', '/tmp'] });
    expect(HostConfig).toMatchObject({ ReadonlyRootfs: true, Mounts: [{ Type: 'volume', Source: 'reprise-r1-train-own-0', Target: '/data', ReadOnly: true }] });
    expect(Object.keys(HostConfig?.Tmpfs ?? {})).toEqual(['/tmp', '/var/tmp', '/run']);
    expect(HostConfig?.Tmpfs?.['/tmp']).toContain('size=500000000');
  });

  it('has a name that the engine takes, whatever the run is called', () => {
    expect(runPrefix('team/entry 1')).toBe('reprise-team-entry-1-');
    expect(imageTag('serve', `sha256:${'ab'.repeat(32)}`)).toEqual({ repo: 'reprise/serve', tag: 'abababababab' });
  });
});

describe('an error of the engine', () => {
  it.each([
    [Object.assign(new Error('connect ENOENT /var/run/docker.sock'), { code: 'ENOENT' }), 'ENGINE_UNREACHABLE'],
    [Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), 'ENGINE_UNREACHABLE'],
    [new Error('socket hang up'), 'ENGINE_UNREACHABLE'],
    [new Error('(HTTP code 500) server error - write /x: no space left on device'), 'DISK_FULL'],
    [new Error('(HTTP code 500) server error - could not select device driver "nvidia" with capabilities: [[gpu]]'), 'GPU_RUNTIME_MISSING'],
    [new Error('(HTTP code 404) no such container - No such image: sha256:1'), 'IMAGE_GONE'],
    [new Error('(HTTP code 500) server error - something else'), 'PLATFORM_ERROR'],
  ])('%s is told as %s', (error, type) => {
    expect(engineFailure(error, 'doing')).toMatchObject({ type, message: expect.stringMatching(/^doing: /) });
  });

  it.each([
    ['(HTTP code 400) bad parameter - No command specified', 'No command specified'],
    ['(HTTP code 400) bad parameter - OCI runtime create failed: exec: "x": executable file not found in $PATH: unknown', expect.stringContaining('exec: "x"')],
    ['(HTTP code 500) server error - error setting rlimit type 7: operation not permitted', undefined],
    ['(HTTP code 500) server error - could not select device driver "nvidia"', undefined],
  ])('%s blames the command: %s', (message, reason) => {
    expect(refusedCommand(new Error(message))).toEqual(reason);
  });

  it('passes on an abort', () => {
    const abort = new DOMException('aborted', 'AbortError');
    expect(engineFailure(abort, 'doing')).toBe(abort);
  });
});

function frame(text: string): Buffer {
  const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

it('reads frames however the stream is cut', async () => {
  const bytes = Buffer.concat([frame('first\n'), frame(''), frame('größer\n')]);
  for (const size of [1, 3, 8, bytes.length]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
    const texts: string[] = [];
    for await (const each of framesOf((async function* () { yield* chunks; })())) texts.push(each.toString());
    expect(texts).toEqual(['first\n', '', 'größer\n']);
  }
});
