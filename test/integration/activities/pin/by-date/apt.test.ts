import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildImages, replayBuild } from '../../../../../activities/build/index.ts';
import { getJson, putBlob } from '../../../../../activities/io/blobs.ts';
import { putTree } from '../../../../../activities/io/trees.ts';
import { withStageLog } from '../../../../../activities/logs/index.ts';
import { pinSubmission } from '../../../../../activities/pin/index.ts';
import { mediaTypes, treeOf, type PinReport, type Submission } from '../../../../../domain/index.ts';
import { startAptArchive, type AptArchive } from '../../../../fixtures/apt-archive.ts';
import { engineDependencies, runName, stageContext } from '../../../../fixtures/engine.ts';

let archive: AptArchive;
let dependencies: ReturnType<typeof engineDependencies>;
const built = new Set<string>();

beforeAll(async () => {
  archive = await startAptArchive({ '20230101T000000Z': '1.0', '20240101T000000Z': '2.0' }, '127.0.0.2');
  const { origin, hostPort } = archive.server;
  const authorityFile = join(mkdtempSync(join(tmpdir(), 'reprise-authority-')), 'recording.pem');
  dependencies = engineDependencies({
    recording: { authorityFile, reachable: [hostPort] },
    aptSnapshot: { 'http://mirror.example/debian': `${origin}/archive/{date}` },
    aptArchive: { [`${origin}/mirror`]: `${origin}/old` },
  });
});
afterAll(async () => {
  for (const id of built) await dependencies.docker.getImage(id).remove({ force: true }).catch(() => undefined);
  await archive.close();
});

async function submissionOf(mirror: string, version: string, date: string): Promise<Submission> {
  const { store } = dependencies;
  const sources = `deb [signed-by=/usr/share/keyrings/test.gpg] ${mirror} stable main`;
  const dockerfile = `FROM debian:bookworm-slim
COPY key.gpg /usr/share/keyrings/test.gpg
RUN rm -rf /etc/apt/sources.list.d && echo '${sources}' > /etc/apt/sources.list && echo ${runName('apt')}
RUN apt-get update && apt-get install -y reprise-tool
RUN test "$(cat /usr/share/reprise-tool/version)" = ${version} && grep -q '${mirror}' /etc/apt/sources.list
`;
  const files = { Dockerfile: Buffer.from(dockerfile), 'key.gpg': archive.key };
  const entries = await Promise.all(
    Object.entries(files).map(async ([path, bytes]) => {
      const { sha256, sizeBytes } = await putBlob(store, bytes, mediaTypes.bytes);
      return { type: 'file', path, executable: false, sha256, sizeBytes } as const;
    }),
  );
  return {
    name: 'dated', team: 'test', track: 'cpu', origin: 'test', port: 80, readyTimeoutMs: 1, trainingBudgetMs: 1, secrets: [],
    asOf: { date, source: 'request' },
    snapshot: await putTree(store, treeOf(entries)),
    images: [{ role: 'serve', dockerfile: 'Dockerfile', context: '.', evidence: 'test' }],
  };
}

async function pinAndBuild(submission: Submission, ours = dependencies) {
  const context = stageContext(runName('apt'), 'build');
  const { result: pin } = await pinSubmission(ours, submission, context);
  const { result } = await withStageLog(ours, context, (line) => line, (log) => buildImages(ours, { submission, pin, fresh: false }, context, log));
  built.add(result.images[0]?.id ?? '');
  return { pin, result, report: await getJson<PinReport>(ours.store, pin.report) };
}

/** Needs the base image, gpg and dpkg-deb; the archive is our own. */
describe('apt as of a date', { timeout: 300_000 }, () => {
  it.each([['2023-06-01T00:00:00Z', '1.0'], ['2024-06-01T00:00:00Z', '2.0']])('takes what the mirror had by %s from the snapshot archive, and nothing in the image says so', async (date, version) => {
    const { report, result } = await pinAndBuild(await submissionOf('http://mirror.example/debian', version, date));
    expect(report.images[0]?.inputs.filter(({ kind }) => kind === 'apt')).toMatchObject([{ spec: 'reprise-tool', verdict: 'by-date', reason: expect.stringContaining('snapshot archive') }]);
    const { Config } = await dependencies.docker.getImage(result.images[0]?.id ?? '').inspect();
    expect(Config.Env?.filter((each) => /REPRISE|APT/.test(each))).toEqual([]);
  });

  it('is by recording without a snapshot archive, and says so', async () => {
    const { aptSnapshot: _none, ...settings } = dependencies.settings;
    const submission = await submissionOf(`${archive.server.origin}/old`, '2.0', '2023-06-01T00:00:00Z');
    const { report } = await pinAndBuild(submission, { ...dependencies, settings });
    expect(report.images[0]?.inputs.filter(({ kind }) => kind === 'apt')).toMatchObject([{ verdict: 'by-recording', reason: expect.stringContaining('no snapshot archive') }]);
  });

  it('finds a suite that has left its mirror in the archive of its distribution, faithfully', async () => {
    const { result } = await pinAndBuild(await submissionOf(`${archive.server.origin}/mirror`, '2.0', '2024-06-01T00:00:00Z'));
    expect(result.repairs).toMatchObject([{ fidelity: 'faithful', attempts: [{ repair: 'apt-suite-retired', line: 4, result: 'built', log: expect.arrayContaining([expect.stringContaining('does not have a Release file')]) }] }]);
  });

  it('is replayed when every archive is gone', async () => {
    const submission = await submissionOf('http://mirror.example/debian', '1.0', '2023-06-01T00:00:00Z');
    const { pin } = await pinAndBuild(submission);
    await archive.server.close();
    const context = stageContext(runName('apt'), 'build');
    const { result } = await withStageLog(dependencies, context, (line) => line, (log) => replayBuild(dependencies, { submission, pin }, context, log));
    built.add(result.images[0]?.id ?? '');
    expect(result.recordings).toMatchObject([{ verdict: 'pinned', open: [] }]);
  });
});
