import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildImages } from '../../../../../activities/build/index.ts';
import { getJson, putBlob } from '../../../../../activities/io/blobs.ts';
import { putTree } from '../../../../../activities/io/trees.ts';
import { withStageLog } from '../../../../../activities/logs/index.ts';
import { pinSubmission } from '../../../../../activities/pin/index.ts';
import { mediaTypes, treeOf, type PinReport, type Submission } from '../../../../../domain/index.ts';
import { readConfig } from '../../../../../infra/config.ts';
import { askClients } from '../../../../../infra/pip-configuration.ts';
import { plainUpstream, type TestUpstream } from '../../../../activities/record/upstreams.ts';
import { engineDependencies, runName, stageContext } from '../../../../fixtures/engine.ts';

const { caBundle, ...configured } = readConfig();
let channel: TestUpstream;
let dependencies: ReturnType<typeof engineDependencies>;
const built = new Set<string>();

function record(version: string, timestamp: string | undefined): object {
  return { name: 'tool', version, build: '0', build_number: 0, depends: [], subdir: 'noarch', noarch: 'generic', sha256: '0'.repeat(64), size: 7, ...(timestamp === undefined ? {} : { timestamp: Date.parse(timestamp) }) };
}

beforeAll(async () => {
  const packages = { 'tool-1.0-0.conda': record('1.0', '2023-01-01T00:00:00Z'), 'tool-2.0-0.conda': record('2.0', '2026-11-10T00:00:00Z'), 'tool-3.0-0.conda': record('3.0', undefined) };
  channel = await plainUpstream((request, response) => {
    const path = request.url ?? '';
    if (path.endsWith('/noarch/repodata.json')) return void response.setHeader('content-type', 'application/json').end(JSON.stringify({ info: { subdir: 'noarch' }, packages: {}, 'packages.conda': packages, repodata_version: 1 }));
    if (path.endsWith('.conda')) return void response.end('package');
    response.writeHead(404).end();
  }, '127.0.0.2');
  const authorityFile = join(mkdtempSync(join(tmpdir(), 'reprise-authority-')), 'recording.pem');
  dependencies = engineDependencies({ ...(caBundle === undefined ? {} : { caBundle }), ...(await askClients(configured)), recording: { authorityFile }, condaChannels: [`${channel.origin}/channel`] });
});
afterAll(async () => {
  for (const id of built) await dependencies.docker.getImage(id).remove({ force: true }).catch(() => undefined);
  await channel.close();
});

/** Solves with rattler, a client of conda's channels that is had as a wheel. */
const solve = (origin: string): string => `import asyncio, rattler, urllib.request
records = asyncio.run(rattler.solve(["${origin}/channel"], ["tool"], platforms=["noarch"], gateway=rattler.Gateway(cache_dir="/tmp/cache")))
assert [str(each.version) for each in records] == ["1.0"], records
assert urllib.request.urlopen("${origin}/channel/noarch/tool-1.0-0.conda").read() == b"package"
`;

async function submissionOf(files: Record<string, string>): Promise<Submission> {
  const { store } = dependencies;
  const entries = await Promise.all(
    Object.entries(files).map(async ([path, text]) => {
      const { sha256, sizeBytes } = await putBlob(store, Buffer.from(text), mediaTypes.text);
      return { type: 'file', path, executable: false, sha256, sizeBytes } as const;
    }),
  );
  return {
    name: 'dated', team: 'test', track: 'cpu', origin: 'test', port: 80, readyTimeoutMs: 1, trainingBudgetMs: 1, secrets: [],
    asOf: { date: '2026-11-01T00:00:00Z', source: 'request' },
    snapshot: await putTree(store, treeOf(entries)),
    images: [{ role: 'serve', dockerfile: 'Dockerfile', context: '.', evidence: 'test' }],
  };
}

/** Needs the base image, Debian's packages and a package index; the channel is our own. */
it('conda sees its channel as of the date', { timeout: 600_000 }, async () => {
  const dockerfile = `FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-pip && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir --break-system-packages py-rattler
COPY solve.py /
RUN python3 /solve.py
RUN false && conda install -c ${channel.origin}/channel tool || true
`;
  const submission = await submissionOf({ Dockerfile: dockerfile, 'solve.py': solve(channel.origin) });
  const context = stageContext(runName('conda'), 'build');
  const { result: pin } = await pinSubmission(dependencies, submission, context);
  const report = await getJson<PinReport>(dependencies.store, pin.report);
  expect(report.images[0]?.inputs.filter(({ kind }) => kind === 'conda')).toMatchObject([{ spec: 'tool', verdict: 'by-date', reason: expect.stringContaining('REPRISE_CONDA_CHANNELS') }]);
  const { result } = await withStageLog(dependencies, context, (line) => line, (log) => buildImages(dependencies, { submission, pin, fresh: false }, context, log));
  built.add(result.images[0]?.id ?? '');
  expect(channel.asked).toEqual(expect.arrayContaining(['GET /channel/noarch/repodata.json', 'GET /channel/noarch/tool-1.0-0.conda']));
  expect(result.recordings).toMatchObject([{ verdict: 'recorded', open: [] }]);
});
