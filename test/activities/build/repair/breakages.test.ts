import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { causeOf } from '../../../../activities/build/classify.ts';
import { breakagesIn } from '../../../../activities/build/repair/breakages.ts';
import { repairTable } from '../../../../activities/build/repair/table.ts';

const directory = join(import.meta.dirname, 'logs');

function linesOf(name: string): string[] {
  return readFileSync(join(directory, `${name}.txt`), 'utf8').split('\n').filter((line) => line !== '');
}

/** Log, the rows that it shows in the order of the table, what they name, and the code of the failure. */
const cases: [string, string[], object, string][] = [
  ['use-2to3', ['setuptools-2to3'], { named: { package: 'demjson' }, building: 'demjson==2.2.4' }, 'BUILD_PACKAGE_BROKEN'],
  ['use-2to3-pip-21', ['setuptools-2to3', 'no-version'], { named: { package: 'demjson' } }, 'BUILD_PACKAGE_MISSING'],
  ['pkg-resources', ['setuptools-pkg-resources'], { building: 'openai-whisper==20230314', python: 11 }, 'BUILD_PACKAGE_BROKEN'],
  ['cython-3', ['cython-3'], { building: 'PyYAML==5.4.1' }, 'BUILD_PACKAGE_BROKEN'],
  ['sklearn-name', ['sklearn-name'], { building: 'sklearn' }, 'BUILD_STEP_FAILED'],
  ['rust', ['rust-missing', 'wheel-not-built'], { building: 'tokenizers', python: 11 }, 'BUILD_TOOL_MISSING'],
  ['compiler', ['compiler-missing'], { building: 'psutil==5.8.0', python: 11 }, 'BUILD_TOOL_MISSING'],
  ['headers', ['headers-missing'], { building: 'psutil==5.8.0' }, 'BUILD_TOOL_MISSING'],
  ['cuda', ['cuda-missing'], { building: 'kernels' }, 'BUILD_TOOL_MISSING'],
  ['build-requirement', ['build-requirement-missing'], { named: { module: 'packaging' } }, 'BUILD_PACKAGE_BROKEN'],
  ['isolated', ['build-requirement-missing'], { named: { module: 'numpy' } }, 'BUILD_PACKAGE_BROKEN'],
  ['python-differs', ['python-differs', 'no-version'], {}, 'BUILD_PACKAGE_MISSING'],
  ['wheel-not-built', ['wheel-not-built'], { named: { package: 'pycuda' }, building: 'pycuda==2022.1', python: 11 }, 'BUILD_STEP_FAILED'],
  ['yanked', ['no-version'], { named: { requirement: 'executing<2.0.1,>=2' } }, 'BUILD_PACKAGE_MISSING'],
  ['later', ['no-version'], { named: { requirement: 'fastapi>=0.100' } }, 'BUILD_PACKAGE_MISSING'],
  ['conflict', ['conflict'], { named: { package: 'fastapi==0.104.0 and pydantic==1.5' } }, 'BUILD_CONFLICT'],
  ['hashes', ['hash-differs'], {}, 'BUILD_STEP_FAILED'],
  ['apt-version', ['apt-version'], { named: { package: 'curl', version: '7.88.1-10' } }, 'BUILD_PACKAGE_MISSING'],
  ['apt-stale-lists', ['apt-stale-lists'], {}, 'BUILD_PACKAGE_MISSING'],
  ['apt-suite', ['apt-suite-retired'], {}, 'BUILD_PACKAGE_MISSING'],
  ['apt-hash', [], {}, 'BUILD_NETWORK'],
  ['script', [], {}, 'BUILD_STEP_FAILED'],
];

it.each(cases)('knows what %s shows', (name, rows, first, code) => {
  const lines = linesOf(name);
  const found = breakagesIn(lines);
  expect(found.map(({ row }) => row.id)).toEqual(rows);
  if (rows.length > 0) expect(found[0]).toMatchObject({ ...first, log: expect.arrayContaining([expect.stringMatching(found[0]?.row.pattern ?? /^$/)]) });
  expect(causeOf({ error: '', exitCode: 1, keyword: 'RUN', lines })).toMatchObject({ code });
});

it('has a log for every row of the table, and a case for every log', () => {
  expect(new Set(cases.flatMap(([, rows]) => rows))).toEqual(new Set(repairTable.map(({ id }) => id)));
  expect(readdirSync(directory).filter((name) => name.endsWith('.txt')).sort()).toEqual(cases.map(([name]) => `${name}.txt`).sort());
});

it.each(repairTable.filter(({ speaker }) => speaker !== 'pip'))('$id is not taken from what a command of the submission prints', ({ pattern }) => {
  const source = pattern.source.replace(/^\^E: /, '');
  const printed = cases.flatMap(([name]) => linesOf(name)).filter((line) => new RegExp(source).test(line)).map((line) => line.replace(/^E: /, 'error: '));
  expect(printed.length).toBeGreaterThan(0);
  expect(breakagesIn(['$ python train.py', ...printed]).filter(({ row }) => row.pattern === pattern)).toEqual([]);
});
