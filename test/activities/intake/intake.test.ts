import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { takeIn } from '../../../activities/intake/index.ts';
import { discoverGpus, gpusOf, parseGpus, trainQueue } from '../../../activities/intake/gpus.ts';
import type { StageContext } from '../../../activities/stage.ts';
import { Submission } from '../../../domain/index.ts';
import type { IntakeResult } from '../../../workflows/contract.ts';
import { memoryStore } from '../../fakes/memory-store.ts';

let directory: string;
let store: ReturnType<typeof memoryStore>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reprise-intake-'));
  store = memoryStore();
  await write('code/Dockerfile', 'FROM scratch\nCMD uvicorn main:app\n');
  await write('suite/open/a.jsonl', '{"id":"a","prompt":"1+1","references":["2"],"metrics":["exact_match"]}\n');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('intake', () => {
  it('turns a request into a submission, a suite and queues', async () => {
    const result = await takeInto({});
    expect(Submission.parse(result.submission)).toEqual(result.submission);
    expect(result).toMatchObject({
      submission: { name: 'code', track: 'cpu', origin: join(directory, 'code') },
      suiteStages: ['open'],
      queues: { host: 'reprise-host-here', train: 'reprise-cpu-here' },
    });
    expect(result.artifacts.map(({ path }) => path)).toEqual(['snapshot/tree.json', 'suite/suite.json', 'suite/open.json']);
    for (const { key, sizeBytes } of result.artifacts) expect(await store.head(key)).toEqual({ sizeBytes });
  });

  it('gives the same submission for the same files, also on another day', async () => {
    const { submission } = await takeInto({});
    await new Promise((done) => setTimeout(done, 20));
    expect((await takeInto({})).submission).toEqual(submission);
  });

  it('reads the manifest of the submission that is picked, and lists those that have one', async () => {
    await rm(join(directory, 'code/Dockerfile'));
    for (const name of ['one', 'two']) {
      await write(`code/${name}/Serving`, 'FROM scratch\n');
      await write(`code/${name}/reprise.yaml`, `name: ${name}\nserve:\n  dockerfile: Serving\n`);
    }
    await expect(takeInto({})).rejects.toMatchObject({ type: 'SEVERAL_SUBMISSIONS', message: expect.stringContaining('one, two') });
    const { submission } = await takeInto({ submission: 'two' });
    expect(submission).toMatchObject({ name: 'two', images: [{ dockerfile: 'two/Serving', context: 'two' }] });
  });

  it.each([
    ['an unknown track', { track: 'tpu' }, 'REQUEST_INVALID', 'track'],
    ['a wrong date', { asOf: 'yesterday' }, 'REQUEST_INVALID', 'asOf'],
    ['an unknown field', { trak: 'cpu' }, 'REQUEST_INVALID', 'trak'],
    ['a track that this machine has no GPU for', { track: 'a100' }, 'TRACK_UNAVAILABLE', 'A100'],
    ['a suite that is not there', { suite: { kind: 'directory', path: '/no/such' } }, 'SUITE_INVALID', '/no/such'],
    ['a Dockerfile that is not there', { dockerfile: 'other' }, 'NO_DOCKERFILE', 'other'],
    ['a context that is not there', { context: 'other' }, 'REQUEST_INVALID', 'other'],
  ])('refuses %s', async (_, given, type, words) => {
    await expect(takeInto(given)).rejects.toMatchObject({ type, message: expect.stringContaining(words) });
  });
});

describe('the GPUs of a machine', () => {
  const gpus = parseGpus('0, GPU-1, NVIDIA A100-SXM4-40GB, 40960\n1, GPU-2, NVIDIA A100-SXM4-40GB, 40960\n2, GPU-3, NVIDIA GeForce RTX 4090, 24564\nNo devices were found\n');

  it('are matched to tracks by model and memory', () => {
    expect(gpusOf('a100', gpus).map(({ uuid }) => uuid)).toEqual(['GPU-1', 'GPU-2']);
    expect(gpusOf('rtx4090', gpus).map(({ uuid }) => uuid)).toEqual(['GPU-3']);
    expect(gpusOf('cpu', gpus)).toEqual([]);
  });

  it('are all of them by nvidia-smi, or those that its workers offer', async () => {
    const programs = join(directory, 'programs');
    await mkdir(programs, { recursive: true });
    await writeFile(join(programs, 'nvidia-smi'), '#!/bin/sh\necho "0, GPU-1, NVIDIA A100, 40960"\necho "1, GPU-2, NVIDIA A100, 40960"\n', { mode: 0o755 });
    vi.stubEnv('PATH', `${programs}:${process.env['PATH']}`);
    expect((await discoverGpus()).map(({ uuid }) => uuid)).toEqual(['GPU-1', 'GPU-2']);
    expect((await discoverGpus(['GPU-2'])).map(({ uuid }) => uuid)).toEqual(['GPU-2']);
    vi.unstubAllEnvs();
  });

  it('share the runs, each run always on the same one', () => {
    const queues = Array.from({ length: 20 }, (_, index) => trainQueue('a100', 'here', `run-${index}`, gpus));
    expect(new Set(queues)).toEqual(new Set(['reprise-gpu-here-GPU-1', 'reprise-gpu-here-GPU-2']));
    expect(trainQueue('a100', 'here', 'run-1', gpus)).toBe(queues[1]);
    expect(() => trainQueue('rtx4090', 'here', 'run', gpus.slice(0, 1))).toThrow('the track rtx4090 needs one NVIDIA RTX 4090, and here has NVIDIA A100-SXM4-40GB');
  });
});

function takeInto(given: Record<string, unknown>): Promise<IntakeResult> {
  const settings = { host: 'here', scratchDirectory: join(directory, 'scratch'), suiteKeyFile: join(directory, 'none'), secrets: {} };
  const request = { source: { kind: 'directory', path: join(directory, 'code') }, suite: { kind: 'directory', path: join(directory, 'suite') }, ...given };
  const context = { run: 'run', signal: new AbortController().signal, report: () => {} } as unknown as StageContext;
  return takeIn({ store, settings: settings as never }, request, context);
}

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(directory, path)), { recursive: true });
  await writeFile(join(directory, path), content);
}
