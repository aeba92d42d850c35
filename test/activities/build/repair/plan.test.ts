import { describe, expect, it } from 'vitest';
import { applyRepairs, type PlacedRepair } from '../../../../activities/build/repair/apply.ts';
import { packageFacts, readRequirement, type Facts } from '../../../../activities/build/repair/facts.ts';
import { planRepair } from '../../../../activities/build/repair/plan.ts';
import { repairTable } from '../../../../activities/build/repair/table.ts';
import { stepsOf } from '../../../../activities/build/steps.ts';
import type { IndexFile, ProjectPage } from '../../../../activities/pin/by-date/files.ts';

const before = '2023-10-26T00:00:00.000Z';
const later = '2023-11-07T12:00:01.000Z';
const nothing: Facts = { before, replacedBase: false, aptArchive: false, package: undefined };
const about = { name: 'peft', hadWheel: false };

function planned(id: string, facts: Partial<Facts>, tried: { id: string; what: string }[] = [], named: Record<string, string> = {}) {
  const row = repairTable.find((each) => each.id === id) ?? expect.fail(`no row ${id}`);
  return planRepair([{ breakage: { row, named: { module: 'torch', ...named }, log: [], python: 11, building: 'peft' }, facts: { ...nothing, ...facts } }], tried);
}

describe('the plan of a repair', () => {
  it.each<[string, string, Partial<Facts>, object, string]>([
    ['holds a build tool back', 'setuptools-2to3', {}, { kind: 'constraints', specs: ['setuptools<58'], isolated: true }, 'near'],
    ['keeps a yanked version', 'no-version', { package: { ...about, yanked: '2.0.0', appeared: { version: '2.0.1', before: later } } }, { kind: 'constraints', specs: ['peft==2.0.0'], isolated: false }, 'near'],
    ['shifts the date of one project', 'no-version', { package: { ...about, appeared: { version: '0.6.0', before: later } } }, { kind: 'index', name: 'peft', before: later }, 'near'],
    ['takes a wheel that was there', 'rust-missing', { package: { ...about, hadWheel: true } }, { kind: 'argument', name: 'PIP_ONLY_BINARY', value: 'peft' }, 'near'],
    ['takes the first wheel for this Python', 'compiler-missing', { package: { ...about, wheelAppeared: { version: '1', before: later } } }, { kind: 'index', name: 'peft', before: later }, 'near'],
    ['adds a compiler to a base that is not the submission’s', 'compiler-missing', { replacedBase: true, package: about }, { kind: 'run', command: expect.stringContaining('build-essential') }, 'substitution'],
    ['adds what a base that was replaced had for builds', 'build-requirement-missing', { replacedBase: true }, { kind: 'run', command: 'pip install torch setuptools wheel', arguments: { PIP_NO_BUILD_ISOLATION: '0' } }, 'substitution'],
    ['lets sklearn install as it did then', 'sklearn-name', {}, { kind: 'argument', name: 'SKLEARN_ALLOW_DEPRECATED_SKLEARN_PACKAGE_INSTALL', value: 'True' }, 'near'],
    ['asks the archive of retired suites', 'apt-suite-retired', { aptArchive: true }, { kind: 'apt-archive' }, 'faithful'],
  ])('%s', (_what, id, facts, change, fidelity) => {
    expect(planned(id, facts)).toMatchObject({ status: 'repair', repair: { id, change, fidelity, what: expect.stringMatching(/./) } });
  });

  it.each<[string, string, Partial<Facts>]>([
    ['the very base has no compiler', 'compiler-missing', { package: about }],
    ['nobody ever had the version', 'no-version', { package: about }],
    ['the index has no such name', 'no-version', {}],
    ['no index as of a date is there', 'setuptools-2to3', { before: undefined }],
    ['sklearn had ended by the date', 'sklearn-name', { before: '2024-01-01T00:00:00.000Z' }],
    ['requirements contradict each other', 'conflict', {}],
    ['a hash differs', 'hash-differs', {}],
    ['the very base has not what a build imports', 'build-requirement-missing', {}],
    ['the Python is another', 'python-differs', {}],
    ['the image has no CUDA', 'cuda-missing', { replacedBase: true }],
    ['no archive is configured', 'apt-suite-retired', {}],
  ])('is none where %s, and says why', (_what, id, facts) => {
    expect(planned(id, facts)).toMatchObject({ status: 'none', why: expect.stringMatching(/./), breakage: { row: { id } } });
  });

  it('goes to the next remedy after one that was tried, and ends', () => {
    const facts = { replacedBase: true, package: { ...about, hadWheel: true } };
    const first = planned('compiler-missing', facts);
    const tried = first.status === 'repair' ? [{ id: first.repair.id, what: first.repair.what }] : [];
    const second = planned('compiler-missing', facts, tried);
    expect(second).toMatchObject({ repair: { change: { kind: 'run' } } });
    if (second.status === 'repair') tried.push({ id: second.repair.id, what: second.repair.what });
    expect(planned('compiler-missing', facts, tried)).toMatchObject({ status: 'none', why: expect.stringContaining('did not') });
  });
});

function file(filename: string, uploadedAt: string, more: Partial<IndexFile> = {}): IndexFile {
  return { filename, url: '', hashes: {}, uploadedAt, ...more };
}

describe('what the index tells', () => {
  const page = (files: IndexFile[]): ProjectPage => ({ project: 'tool', files, fetchedAt: before, doubts: [] });
  const linux = 'manylinux_2_17_x86_64.manylinux2014_x86_64';
  it.each<[string, IndexFile[], string, object]>([
    ['a yanked version that alone would fit', [file('tool-2.0.tar.gz', '2023-10-01T00:00:00Z', { yanked: 'broken' }), file('tool-1.0.tar.gz', '2023-01-01T00:00:00Z')], '>=2', { yanked: '2.0' }],
    ['when a version had appeared with all its files', [file('tool-2.0.tar.gz', '2023-11-07T10:00:00Z'), file('tool-2.0-py3-none-any.whl', '2023-11-07T12:00:00Z'), file('tool-3.0.tar.gz', '2023-12-01T00:00:00Z')], '>=2', { appeared: { version: '2.0', before: later } }],
    ['nothing of what does not fit', [file('tool-1.0.tar.gz', '2023-11-07T10:00:00Z')], '>=2', { appeared: undefined, yanked: undefined, hadWheel: false }],
    ['a wheel of an older version', [file(`tool-1.0-cp311-cp311-${linux}.whl`, '2023-01-01T00:00:00Z'), file('tool-1.1.tar.gz', '2023-10-01T00:00:00Z')], '', { hadWheel: true }],
    ['a stable wheel', [file(`tool-1.0-cp37-abi3-${linux}.whl`, '2023-01-01T00:00:00Z')], '', { hadWheel: true }],
    ['no wheel of another Python or system', [file(`tool-1.0-cp310-cp310-${linux}.whl`, '2023-01-01T00:00:00Z'), file('tool-1.0-cp311-cp311-win_amd64.whl', '2023-01-01T00:00:00Z'), file('tool-1.0-py3-none-any.whl', '2023-01-01T00:00:00Z', { requiresPython: '<3.11' })], '', { hadWheel: false }],
    ['the late wheel of a version', [file('tool-1.0.tar.gz', '2023-01-01T00:00:00Z'), file(`tool-1.0-cp311-cp311-${linux}.whl`, '2023-11-07T12:00:00Z')], '==1.0', { hadWheel: false, wheelAppeared: { version: '1.0', before: later } }],
    ['no version before it is final', [file('tool-2.0rc1-py3-none-any.whl', '2023-11-07T12:00:00Z')], '', { appeared: undefined }],
  ])('%s', (_what, files, specifiers, expected) => {
    expect({ appeared: undefined, yanked: undefined, ...packageFacts(page(files), specifiers, before, 11) }).toMatchObject(expected);
  });

  it.each([
    ['executing<2.0.1,>=2', { name: 'executing', specifiers: '<2.0.1,>=2' }],
    ['Flash_Attn[x] == 2.3.3 ; python_version > "3"', { name: 'flash-attn', specifiers: '==2.3.3' }],
    ['git+https://example.org/x', undefined],
  ])('reads %s', (text, expected) => expect(readRequirement(text)).toEqual(expected));
});

describe('the repaired Dockerfile', () => {
  const original = 'FROM debian\nRUN apt-get install -y \\\n  curl=7.88.1-10 git\nUSER app\nRUN pip install demjson\nRUN true\n';
  const repair = (line: number, change: PlacedRepair['change'], fidelity: PlacedRepair['fidelity'] = 'near'): PlacedRepair => ({ id: 'row', line, change, fidelity, what: 'what', why: 'why' });

  it('gets arguments right before the step, each with its reason', () => {
    const { text, pinnedLineOf } = applyRepairs(original, [repair(5, { kind: 'constraints', specs: ['setuptools<58'], isolated: true })], before);
    const lines = text.split('\n');
    expect(lines.slice(4, 11)).toEqual([
      '# reprise: repair row (near): what; why',
      'ARG PIP_CONSTRAINT=http://index.reprise.internal/constraints/setuptools<58',
      '# reprise: repair row',
      'ARG PIP_BUILD_CONSTRAINT=http://index.reprise.internal/constraints/setuptools<58',
      '# reprise: repair row',
      'ARG PIP_USE_PEP517=1',
      'RUN pip install demjson',
    ]);
    expect([pinnedLineOf(6), pinnedLineOf(11)]).toEqual([undefined, 5]);
    expect(stepsOf(text, original).filter(({ line }) => line !== undefined).map(({ line, text: step }) => [line, step.split(' ')[0]])).toEqual([[1, 'FROM'], [2, 'RUN'], [4, 'USER'], [5, 'RUN'], [6, 'RUN']]);
  });

  it('names in an argument that is given again all that was asked for before', () => {
    const { text } = applyRepairs(original, [repair(6, { kind: 'index', name: 'b', before: later }), repair(5, { kind: 'index', name: 'a', before: later }), repair(5, { kind: 'argument', name: 'PIP_ONLY_BINARY', value: 'c' }), repair(6, { kind: 'argument', name: 'PIP_ONLY_BINARY', value: 'd' })], before);
    const index = `http://index.reprise.internal/as-of/${before}+a=${later}`;
    expect(text.split('\n').filter((line) => line.startsWith('ARG'))).toEqual([`ARG PIP_INDEX_URL=${index}/simple/`, 'ARG PIP_ONLY_BINARY=c', `ARG PIP_INDEX_URL=${index}+b=${later}/simple/`, 'ARG PIP_ONLY_BINARY=c,d']);
  });

  it('runs commands as root, and gives the step its user back', () => {
    const lines = applyRepairs(original, [repair(5, { kind: 'run', command: 'apt-get update', arguments: { A: '0' } })], before).text.split('\n').filter((line) => !line.startsWith('#'));
    expect(lines.slice(3, 9)).toEqual(['USER app', 'USER root', 'RUN apt-get update', 'USER app', 'ARG A=0', 'RUN pip install demjson']);
  });

  it('takes a version away where the instruction names it, and leaves lines as they were', () => {
    const { text } = applyRepairs(original.replaceAll('\n', '\r\n'), [repair(2, { kind: 'apt-version', package: 'curl', version: '7.88.1-10' }, 'substitution')], before);
    expect(text).toBe('FROM debian\r\n# reprise: changed by repair row (substitution): what; why\r\nRUN apt-get install -y \\\r\n  curl git\r\nUSER app\r\nRUN pip install demjson\r\nRUN true\r\n');
    expect(applyRepairs(original, [], before).text).toBe(original);
  });
});
