import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkPaths } from '../../../activities/check/check.ts';
import { checkSarif } from '../../../activities/check/sarif.ts';
import { checkText, hasErrors } from '../../../activities/check/text.ts';
import { CheckReport } from '../../../domain/index.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'check-'));
  const texts: Record<string, string> = {
    'team/Dockerfile': 'FROM debian:12\nCOPY gone.txt .\nCMD uvicorn main:app --port 80\n',
    'team/train/Dockerfile.train': 'FROM debian:12\nCOPY train.py /\nCMD python3 /train.py\n',
    'team/train/train.py': 'print(1)\n',
    'team/docker/Dockerfile': 'FROM debian:12\nCOPY src/app.py /\n',
    'team/src/app.py': '',
    '__MACOSX/._Dockerfile': 'x',
    'node_modules/a/Dockerfile': 'FROM x\n',
    'bad name/Dockerfile': 'FROM debian:12\nwget x\n',
  };
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
});
afterAll(() => rm(root, { recursive: true }));

test('every Dockerfile below a directory is checked, with its context and its role by evidence', async () => {
  const report = await checkPaths([root]);
  expect(CheckReport.safeParse(report).error).toBeUndefined();
  expect(report.dockerfiles.map(({ path, context, role }) => [path, context, role].map((each) => each.replace(`${root}/`, '')))).toEqual([
    ['bad name/Dockerfile', 'bad name', 'serve'],
    ['team/Dockerfile', 'team', 'serve'],
    ['team/docker/Dockerfile', 'team', 'serve'],
    ['team/train/Dockerfile.train', 'team/train', 'train'],
  ]);
  expect(report.summary).toMatch(/^4 Dockerfiles: 2 errors, 0 warnings; 7 inputs: /);
  expect(hasErrors(report)).toBe(true);
});

test('a single Dockerfile is checked in its directory, or in the context that is given', async () => {
  const [own] = (await checkPaths([join(root, 'team/train/Dockerfile.train')])).dockerfiles;
  expect(own).toMatchObject({ role: 'train', context: join(root, 'team/train'), findings: [] });
});

test.each([
  ['/nowhere/at/all', 'SOURCE_NOT_FOUND'],
  ['team/src', 'NO_DOCKERFILE'],
])('%s is refused by name', async (path, code) => {
  await expect(checkPaths([path.startsWith('/') ? path : join(root, path)])).rejects.toMatchObject({ type: code });
});

test('the text names place, finding and next step', async () => {
  const text = checkText(await checkPaths([join(root, 'team')]));
  expect(text).toContain(`${join(root, 'team/Dockerfile')}:2: error: gone.txt: it is not in the build context [COPY_SOURCE_MISSING]`);
  expect(text).toContain('Add the file to the build context');
  expect(text).toContain('role     train (');
});

test('the SARIF names each finding by its rule, at a percent-encoded address', async () => {
  const sarif = checkSarif(await checkPaths([join(root, 'bad name')]), '1.0.0') as {
    runs: { tool: { driver: { rules: { id: string }[] } }; results: Record<string, unknown>[] }[];
  };
  const [run] = sarif.runs;
  expect(run?.results).toHaveLength(1);
  const [result] = run?.results ?? [];
  expect(result).toMatchObject({ ruleId: 'NOT_AN_INSTRUCTION', level: 'error', locations: [{ physicalLocation: { region: { startLine: 2 } } }] });
  expect(JSON.stringify(result)).toContain('bad%20name/Dockerfile');
  expect(run?.tool.driver.rules[(result as { ruleIndex: number }).ruleIndex]?.id).toBe('NOT_AN_INSTRUCTION');
});
