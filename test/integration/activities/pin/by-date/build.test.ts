import { existsSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { buildImages } from '../../../../../activities/build/index.ts';
import { getBlob, getJson, putBlob } from '../../../../../activities/io/blobs.ts';
import { putTree } from '../../../../../activities/io/trees.ts';
import { withStageLog } from '../../../../../activities/logs/index.ts';
import { pinSubmission } from '../../../../../activities/pin/index.ts';
import { Locks, mediaTypes, treeOf, type PinReport, type Submission } from '../../../../../domain/index.ts';
import { readConfig } from '../../../../../infra/config.ts';
import { askClients } from '../../../../../infra/pip-configuration.ts';
import { engineDependencies, runName, stageContext } from '../../../../fixtures/engine.ts';

const { caBundle, ...configured } = readConfig();
const dependencies = engineDependencies({ ...(caBundle === undefined ? {} : { caBundle }), ...(await askClients(configured)) });
const { docker, store } = dependencies;
const built = new Set<string>();
const base = 'debian:bookworm-slim';

afterAll(async () => {
  for (const id of built) await docker.getImage(id).remove({ force: true }).catch(() => undefined);
});

async function submissionOf(dockerfile: string, date: string): Promise<Pick<Submission, 'snapshot' | 'images' | 'asOf'> & Submission> {
  const { sha256, sizeBytes } = await putBlob(store, Buffer.from(dockerfile), mediaTypes.text);
  const tree = treeOf([{ type: 'file', path: 'Dockerfile', executable: false, sha256, sizeBytes }]);
  return {
    name: 'dated',
    team: 'test',
    track: 'cpu',
    asOf: { date, source: 'request' },
    snapshot: await putTree(store, tree),
    origin: 'test',
    images: [{ role: 'serve', dockerfile: 'Dockerfile', context: '.', evidence: 'test' }],
    port: 80,
    readyTimeoutMs: 1,
    trainingBudgetMs: 1,
    secrets: [],
  };
}

async function pinAndBuild(dockerfile: string, date: string) {
  const submission = await submissionOf(dockerfile, date);
  const context = stageContext(runName('dated'), 'build');
  const { result: pin } = await pinSubmission(dependencies, submission, context);
  const { result } = await withStageLog(dependencies, context, (line) => line, (log) => buildImages(dependencies, { submission, pin, fresh: false }, context, log));
  const image = result.images[0]?.id ?? '';
  built.add(image);
  const locks = result.artifacts.find(({ path }) => path === 'pin/locks.json');
  return { pin, image, summary: result.summary, lock: Locks.parse(await getJson(store, locks?.sha256 ?? '')).images[0] };
}

const python = `FROM ${base}
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-pip && rm -rf /var/lib/apt/lists/*
`;

/** Needs the base image or a registry, Debian's packages and a package index: all as `reprise up` needs them. */
describe('packages as of a date', { timeout: 300_000 }, () => {
  it('are what the image’s own pip takes from the index, step by step, and are locked', async () => {
    const dockerfile = `${python}RUN pip install --no-cache-dir --break-system-packages fastapi\nRUN pip install --no-cache-dir --break-system-packages fire executing\n`;
    const { image, lock, pin, summary } = await pinAndBuild(dockerfile, '2023-10-25T23:59:59Z');
    expect(summary).toContain('packages as of 2023-10-26 (near)');
    const [first, second] = lock?.steps ?? [];
    expect(first).toMatchObject({ line: 3, source: 'served' });
    const fastapi = first?.packages.find(({ name }) => name === 'fastapi');
    expect(fastapi).toMatchObject({ version: '0.104.0', installed: true, sha256: '456482c1178fb7beb2814b88e1885bc49f9a81f079665016feffe3e1c6a7663e', uploadedAt: expect.stringMatching(/^2023-10-18/) });
    expect(lock?.steps.flatMap(({ packages }) => packages).every(({ uploadedAt }) => uploadedAt < '2023-10-26')).toBe(true);
    // An sdist is built in isolation, with what the index had of setuptools on the date.
    expect(second?.packages.map(({ name }) => name)).toEqual(expect.arrayContaining(['fire', 'six', 'termcolor', 'executing']));
    expect(lock?.reasons).toEqual([expect.stringContaining('executing: 2.0.0 was there on the date and is yanked today')]);
    const { Config } = await docker.getImage(image).inspect();
    expect(Config.Env?.filter((each) => /pip|proxy/i.test(each))).toEqual([]);
    expect(await getJson<PinReport>(store, pin.report)).toMatchObject({ images: [{ packages: { before: '2023-10-26T00:00:00.000Z' } }] });
  });

  it('are locked also where the engine had the layers already', async () => {
    const dockerfile = `${python}RUN pip install --no-cache-dir --break-system-packages tomli-w\n`;
    const once = await pinAndBuild(dockerfile, '2023-06-01T00:00:00Z');
    const again = await pinAndBuild(dockerfile, '2023-06-01T00:00:00Z');
    expect(again.image).toBe(once.image);
    expect(again.lock?.steps[0]).toEqual({ ...once.lock?.steps[0], source: 'cache' });
  });

  it('see an exact pin that is later than the date', async () => {
    const dockerfile = `${python}RUN pip install --no-cache-dir --break-system-packages tomli-w==1.0.0 iniconfig\n`;
    const { lock, pin } = await pinAndBuild(dockerfile, '2021-01-01T00:00:00Z');
    expect(lock).toMatchObject({ fidelity: 'near', reasons: [expect.stringContaining('tomli-w==1.0.0 was uploaded 2021-12-01')] });
    const text = Buffer.from(await getBlob(store, pin.dockerfiles[0]?.artifact.sha256 ?? '')).toString();
    expect(text).toContain(`index.reprise.internal/as-of/${lock?.before}/simple/`);
    expect(lock?.steps[0]?.packages.find(({ name }) => name === 'iniconfig')?.version).toBe('1.1.1');
  });
});

it('runs only where the operator’s bundle is there, if one is configured', () => {
  expect(caBundle === undefined || existsSync(caBundle)).toBe(true);
});
