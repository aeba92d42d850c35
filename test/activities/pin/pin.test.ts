import { createHash } from 'node:crypto';
import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dependencies, Settings } from '../../../activities/dependencies.ts';
import { getJson, putBlob } from '../../../activities/io/blobs.ts';
import { putTree } from '../../../activities/io/trees.ts';
import { createPinActivities } from '../../../activities/pin/index.ts';
import { blobKey, mediaTypes, PinReport, treeOf, type Submission, type TreeEntry } from '../../../domain/index.ts';
import type { PinResult } from '../../../workflows/contract.ts';
import { memoryStore } from '../../fakes/memory-store.ts';

const id = `sha256:${'b'.repeat(64)}`;
const base = '127.0.0.1:1/base:1';
let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pin-'));
  await writeFile(join(directory, 'ca.pem'), 'certificates');
});
afterAll(() => rm(directory, { recursive: true }));

/** An engine that has one image and cannot pull. */
function engine(): { inspected: number; getImage(name: string): { inspect(): Promise<unknown> }; pull(): Promise<never>; info(): Promise<unknown> } {
  const fake = {
    inspected: 0,
    getImage: (name: string) => ({
      async inspect() {
        fake.inspected += 1;
        if (name !== base) throw Object.assign(new Error('no such image'), { statusCode: 404 });
        return { Id: id, Config: { Labels: { 'reprise.origin': 'debootstrap' } } };
      },
    }),
    pull: () => Promise.reject(new Error('connection refused')),
    info: async () => ({ RegistryConfig: { IndexConfigs: { '127.0.0.1:1': { Secure: false } } } }),
  };
  return fake;
}

function setUp(settings: Partial<Settings> = {}): {
  pin(texts: Record<string, string>, fresh?: boolean): Promise<Outcome>;
  store: ReturnType<typeof memoryStore>;
  docker: ReturnType<typeof engine>;
} {
  const store = memoryStore();
  const docker = engine();
  const dependencies = {
    store,
    docker,
    logger: pino({ enabled: false }),
    settings: { imageMap: {}, caBundle: undefined, secrets: {}, ...settings },
    signalProgress: async () => undefined,
    isPolled: async () => true,
  };
  const activities = createPinActivities(dependencies as unknown as Dependencies);
  return {
    store,
    docker,
    async pin(texts, fresh = false) {
      const submission = {
        snapshot: await snapshot(texts, store),
        images: [{ role: 'serve', dockerfile: 'Dockerfile', context: '.', evidence: '' }],
        asOf: { date: '2023-10-26T00:00:00Z', source: 'request' },
      };
      const input = { run: 'r', workflowId: 'w', fresh, submission: submission as Submission };
      const outcome: unknown = await new MockActivityEnvironment().run(() => activities.pin(input) as Promise<unknown>);
      return outcome as Outcome;
    },
  };
}

interface Outcome {
  status: string;
  code?: string;
  message?: string;
  cached: boolean;
  result: PinResult;
}

async function snapshot(texts: Record<string, string>, store: ReturnType<typeof memoryStore>): Promise<string> {
  const entries = await Promise.all(
    Object.entries(texts).map(async ([path, text]): Promise<TreeEntry> => {
      const { sha256, sizeBytes } = await putBlob(store, Buffer.from(text), mediaTypes.bytes);
      return { type: 'file', path, executable: false, sizeBytes, sha256 };
    }),
  );
  return putTree(store, treeOf(entries));
}

describe('the pin stage', () => {
  it('stores the report and the Dockerfile that the build uses', async () => {
    const { pin, store } = setUp({ caBundle: join(directory, 'ca.pem') });
    const { result, status } = await pin({ Dockerfile: `FROM ${base}\nCOPY req.txt .\nRUN pip install -r req.txt c\n`, 'req.txt': 'a==1\nb\n' });
    expect(status).toBe('completed');
    expect(result.summary).toBe('5 inputs: 2 faithful, 1 substituted, 2 recorded');
    expect(result.artifacts.map((each) => `${each.role} ${each.path}`)).toEqual([
      'pin-report pin/pin-report.json',
      'dockerfile pin/serve.Dockerfile',
    ]);
    const report = PinReport.parse(await getJson(store, result.report));
    expect(report.images[0]?.bases).toMatchObject([{ reference: base, line: 1, pinned: id, source: 'debootstrap', fidelity: 'substitution' }]);
    expect(report.images[0]?.leftBehind).toHaveLength(1);
    const text = Buffer.from(store.objects.get(blobKey(result.dockerfiles[0]?.artifact.sha256 ?? '')) ?? []).toString();
    expect(text).toContain(`FROM ${id}\n`);
    expect(createHash('sha256').update(text).digest('hex')).toBe(result.dockerfiles[0]?.artifact.sha256);
  });

  it('takes the same bases when it is repeated, unless it is told to look again', async () => {
    const { pin, docker } = setUp();
    const texts = { Dockerfile: `FROM ${base}\n` };
    expect(await pin(texts)).toMatchObject({ status: 'completed', cached: false });
    expect(await pin(texts)).toMatchObject({ status: 'completed', cached: true });
    expect(docker.inspected).toBe(1);
    expect(await pin(texts, true)).toMatchObject({ cached: false });
  });

  it.each([
    ['an empty Dockerfile', '', 'DOCKERFILE_INVALID', 'Dockerfile, line 1'],
    ['a line that is no instruction', `FROM ${base}\ngit clone x\n`, 'DOCKERFILE_INVALID', 'line 2'],
    ['a base without a value', 'ARG X\nFROM $X\n', 'DOCKERFILE_INVALID', 'line 2'],
    ['a base that is no reference', 'FROM Not//An:Image:\n', 'DOCKERFILE_INVALID', 'line 1'],
  ])('refuses %s with its line', async (_what, text, code, message) => {
    expect(await setUp().pin({ Dockerfile: text })).toMatchObject({ status: 'failed', code, message: expect.stringContaining(message) as string });
  });

  it('leaves a registry that does not answer to Temporal to try again', async () => {
    await expect(setUp().pin({ Dockerfile: 'FROM 127.0.0.1:1/other:1\n' })).rejects.toMatchObject({
      type: 'REGISTRY_UNREACHABLE',
      nonRetryable: false,
    });
  });

  it('uses what the operator maps', async () => {
    const { pin, store } = setUp({ imageMap: { 'nvidia/cuda:12': base } });
    const { result } = await pin({ Dockerfile: 'FROM docker.io/nvidia/cuda:12\n' });
    expect(PinReport.parse(await getJson(store, result.report)).images[0]?.bases[0]).toMatchObject({ source: 'mapped', pinned: id });
  });

  it('says that a CA bundle cannot be read', async () => {
    expect(await setUp({ caBundle: '/nowhere.pem' }).pin({ Dockerfile: `FROM ${base}\n` })).toMatchObject({
      status: 'failed',
      code: 'REQUEST_INVALID',
    });
  });
});
