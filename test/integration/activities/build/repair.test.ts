import { afterAll, describe, expect, it } from 'vitest';
import { buildImages, replayBuild } from '../../../../activities/build/index.ts';
import { getBlob, getJson, putBlob } from '../../../../activities/io/blobs.ts';
import { putTree } from '../../../../activities/io/trees.ts';
import { withStageLog } from '../../../../activities/logs/index.ts';
import { pinSubmission } from '../../../../activities/pin/index.ts';
import { mediaTypes, Repairs, treeOf, type ImageRepairs, type Submission } from '../../../../domain/index.ts';
import { readConfig } from '../../../../infra/config.ts';
import { askClients } from '../../../../infra/pip-configuration.ts';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineDependencies, runName, stageContext } from '../../../fixtures/engine.ts';

const { caBundle, ...configured } = readConfig();
const clients = await askClients(configured);
const bundle = caBundle === undefined ? {} : { caBundle };
const dependencies = engineDependencies({ ...bundle, ...clients });
const { docker, store } = dependencies;
const built = new Set<string>();

afterAll(async () => {
  for (const id of built) await docker.getImage(id).remove({ force: true }).catch(() => undefined);
});

async function submissionOf(files: Record<string, string>, date: string): Promise<Submission> {
  const entries = await Promise.all(
    Object.entries(files).map(async ([path, text]) => {
      const { sha256, sizeBytes } = await putBlob(store, Buffer.from(text), mediaTypes.text);
      return { type: 'file', path, executable: false, sha256, sizeBytes } as const;
    }),
  );
  return {
    name: 'broken', team: 'test', track: 'cpu', origin: 'test', port: 80, readyTimeoutMs: 1, trainingBudgetMs: 1, secrets: [],
    asOf: { date, source: 'request' },
    snapshot: await putTree(store, treeOf(entries)),
    images: [{ role: 'serve', dockerfile: 'Dockerfile', context: '.', evidence: 'test' }],
  };
}

type World = typeof dependencies;

async function pinAndBuild(files: Record<string, string>, date: string, ours: World = dependencies) {
  const submission = await submissionOf(files, date);
  const context = stageContext(runName('repair'), 'build');
  const { result: pin } = await pinSubmission(ours, submission, context);
  const { result } = await withStageLog(ours, context, (line) => line, (log) => buildImages(ours, { submission, pin, fresh: false }, context, log));
  built.add(result.images[0]?.id ?? '');
  const report = result.artifacts.find(({ path }) => path === 'build/repairs.json');
  const repairs = report && Repairs.parse(await getJson(store, report.sha256)).images[0];
  return { submission, pin, result, repairs, reports: context.reports };
}

/** Whether the base is the distribution's own image, or one made in its place. */
async function baseOrigin(): Promise<{ debootstrap: boolean }> {
  const { Config } = await docker.getImage('debian:bookworm-slim').inspect();
  return { debootstrap: Config.Labels?.['reprise.origin'] === 'debootstrap' };
}

const python = `FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-pip && rm -rf /var/lib/apt/lists/*
ENV PIP_NO_CACHE_DIR=1 PIP_BREAK_SYSTEM_PACKAGES=1
`;
const today = '2026-11-01T00:00:00Z';

/** Line 4 breaks without a repair: that it does is the first build of each case, which the attempt tells of. */
const cases: [string, string, string, Partial<ImageRepairs['attempts'][number]>, string][] = [
  ['an sdist that needs setuptools before 58', 'RUN pip install demjson==2.2.4', today, { repair: 'setuptools-2to3', change: 'setuptools<58', fidelity: 'near' }, 'import demjson'],
  ['an sdist that imports pkg_resources', 'RUN pip install --no-deps openai-whisper==20230314', today, { repair: 'setuptools-pkg-resources', change: 'setuptools<82', fidelity: 'near' }, 'import importlib.metadata as m; m.version("openai-whisper")'],
  ['a version that was yanked', 'RUN pip install "executing>=2,<2.0.1"', today, { repair: 'no-version', change: 'executing==2.0.0', fidelity: 'near' }, 'import executing'],
  ['a Python for which wheels came later', 'RUN pip install tokenizers', '2022-10-25T23:59:59Z', { repair: 'rust-missing', change: expect.stringMatching(/^tokenizers as of 2022-11-.*0\.13\.2/) as string, fidelity: 'near' }, 'import tokenizers'],
  ['a version that came after the date', 'RUN pip install tomli-w==$(echo 1.0.0) iniconfig', '2021-01-01T00:00:00Z', { repair: 'no-version', change: expect.stringMatching(/^tomli-w as of 2021-12-01/) as string, fidelity: 'near' }, 'import tomli_w, importlib.metadata as m; assert m.version("iniconfig") == "1.1.1"'],
  ['a version that apt no longer has', 'RUN apt-get update && apt-get install -y --no-install-recommends curl=7.88.1-10', today, { repair: 'apt-version', change: "curl in the archive's version instead of 7.88.1-10", fidelity: 'substitution' }, 'import shutil; assert shutil.which("curl")'],
];

/** Needs the base image or a registry, Debian's packages and a package index: all as `reprise up` needs them. */
describe('a build that breaks years later', { timeout: 300_000 }, () => {
  it.each(cases)('holds again: %s', async (_what, step, date, expected, proof) => {
    const { repairs, result, reports, pin } = await pinAndBuild({ Dockerfile: `${python}${step}\nRUN python3 -c '${proof}'\n` }, date);
    expect(repairs?.attempts).toEqual([expect.objectContaining({ attempt: 1, line: 4, result: 'built', ...expected })]);
    expect(repairs?.fidelity).toBe(expected.fidelity);
    expect(repairs?.attempts[0]?.log.length).toBeGreaterThan(0);
    expect(result.summary).toContain(`serve: 1 repair (${expected.fidelity}): `);
    expect(reports.map(({ message }) => message)).toContainEqual(expect.stringContaining(`repair 1 of 5: ${expected.repair}`));
    const [original, repaired] = [pin.dockerfiles[0]?.artifact.sha256 ?? '', repairs?.repaired ?? ''].map((sha256) => getBlob(store, sha256));
    const kept = Buffer.from((await repaired) as Uint8Array).toString().split('\n').filter((line) => !line.startsWith('# reprise: ') && !line.startsWith('ARG '));
    const lines = Buffer.from((await original) as Uint8Array).toString().split('\n').filter((line) => !line.startsWith('# reprise: ') && !line.startsWith('ARG '));
    expect(kept).toEqual(lines.map((line) => (expected.fidelity === 'substitution' ? line.replace('=7.88.1-10', '') : line)));
    const { Config } = await docker.getImage(result.images[0]?.id ?? '').inspect();
    expect(Config.Env?.filter((each) => /index\.reprise|CONSTRAINT|ONLY_BINARY/.test(each))).toEqual([]);
  });

  it('gets what a base that was replaced had for building, where the base is another', async () => {
    const files = {
      Dockerfile: `${python}COPY kernels /kernels\nRUN pip install /kernels\n`,
      'kernels/pyproject.toml': '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
      'kernels/setup.py': 'import psutil\nfrom setuptools import setup\nsetup(name="kernels", version="1.0")\n',
    };
    const { debootstrap } = await baseOrigin();
    if (!debootstrap) return expect(await pinAndBuild(files, today).catch((error: unknown) => error)).toMatchObject({ type: 'BUILD_PACKAGE_BROKEN' });
    const { repairs } = await pinAndBuild(files, today);
    expect(repairs).toMatchObject({ fidelity: 'substitution', attempts: [{ repair: 'build-requirement-missing', line: 5, change: 'pip install psutil setuptools wheel, PIP_NO_BUILD_ISOLATION=0', result: 'built' }] });
  });

  it('needs two repairs, and says both', async () => {
    const { repairs } = await pinAndBuild({ Dockerfile: `${python}RUN pip install demjson==2.2.4\nRUN pip install "executing>=2,<2.0.1"\n` }, today);
    expect(repairs?.attempts.map(({ repair, line, result }) => [repair, line, result])).toEqual([['setuptools-2to3', 4, 'went-on'], ['no-version', 5, 'built']]);
  });

  it.each([
    ['a script that fails by itself', `RUN python3 -c "raise ModuleNotFoundError(\\"No module named 'pkg_resources'\\")"`, 'BUILD_STEP_FAILED'],
    ['a script that says what pip says', 'RUN echo "error in x setup command: use_2to3 is invalid"; exit 1', 'BUILD_STEP_FAILED'],
    ['a file that is not there', 'COPY nosuch.py /', 'BUILD_COPY_MISSING'],
    ['requirements that contradict each other', 'RUN pip install fastapi==0.104.0 pydantic==1.5', 'BUILD_CONFLICT'],
    ['a version that never was', 'RUN pip install tomli-w==99', 'BUILD_PACKAGE_MISSING'],
  ])('is not repaired where the fault is the submission’s: %s', async (_what, step, code) => {
    const failed = await pinAndBuild({ Dockerfile: `${python}${step}\n` }, today).catch((error: unknown) => error);
    expect(failed).toMatchObject({ type: code, message: expect.stringMatching(/^Dockerfile line 4: /) });
    expect((failed as Error).message).not.toContain('repairs tried');
  });

  it('replays from its recording with the repair, which is not tried anew', async () => {
    const authorityFile = join(mkdtempSync(join(tmpdir(), 'reprise-authority-')), 'recording.pem');
    const ours: World = { ...dependencies, settings: { ...dependencies.settings, recording: { authorityFile } } };
    const { submission, pin, repairs, result } = await pinAndBuild({ Dockerfile: `${python}RUN pip install demjson==2.2.4\n` }, today, ours);
    expect(result.recordings).toMatchObject([{ verdict: 'recorded', open: [] }]);
    const context = stageContext(runName('repair'), 'build');
    const replayed = await withStageLog(ours, context, (line) => line, (log) => replayBuild({ ...ours, settings: { ...ours.settings, pipIndexUrl: 'http://127.0.0.1:9/simple' } }, { submission, pin }, context, log));
    built.add(replayed.result.images[0]?.id ?? '');
    expect(replayed.result.recordings).toMatchObject([{ verdict: 'pinned', open: [] }]);
    expect(replayed.result.repairs).toEqual([repairs]);
  });
});
