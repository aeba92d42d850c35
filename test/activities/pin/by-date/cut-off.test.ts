import { describe, expect, it } from 'vitest';
import { cutOffAfter, indexAddress, indexInstants, parseIndexPath } from '../../../../activities/pin/by-date/address.ts';
import { cutOffFor, exactPin, withoutLocalVersion } from '../../../../activities/pin/by-date/cut-off.ts';
import { dateLines, datedBuild } from '../../../../activities/pin/by-date/dockerfile-lines.ts';
import { versionOf } from '../../../../activities/pin/by-date/files.ts';
import type { Upstream } from '../../../../activities/pin/by-date/upstream.ts';

const times: Record<string, string> = { 'tool-1.0.tar.gz': '2023-01-01T00:00:00Z', 'tool-2.0.tar.gz': '2023-10-30T14:11:01.066906Z', 'tool-2.0-py3-none-any.whl': '2023-10-30T14:11:03Z', 'tool-2.0-cp314-cp314-any.whl': '2025-10-01T00:00:00Z' };
const upstream = {
  page: async () => ({ project: 'tool', fetchedAt: '', doubts: [], files: Object.entries(times).map(([filename, uploadedAt]) => ({ filename, uploadedAt, url: '', hashes: {} })) }),
} as unknown as Upstream;

describe('the instant of a date', () => {
  it.each([
    ['the end of a day', '2023-10-25T23:59:59Z', '2023-10-26T00:00:00.000Z'],
    ['a commit', '2023-10-25T12:00:00+02:00', '2023-10-25T10:00:01.000Z'],
    ['a fraction of a second', '2023-10-25T10:00:00.900Z', '2023-10-25T10:00:01.000Z'],
  ])('is the first second after %s', (_, date, before) => {
    expect(cutOffAfter(date)).toBe(before);
  });

  it.each([
    ['stays where every exact pin is older', ['tool==1.0', 'tool>=2'], { before: '2023-10-26T00:00:00.000Z' }],
    ['moves to an exact pin that is younger, not to wheels for later Pythons', ['tool==1.0', 'tool==2.0 ; python_version > "3"'], { before: '2023-10-30T14:11:04.000Z', moved: { spec: 'tool==2.0 ; python_version > "3"', uploadedAt: '2023-10-30T14:11:03Z' } }],
    ['stays where a pin is on no index', ['tool==9.9', 'tool==2.0+cu118'], { before: '2023-10-26T00:00:00.000Z' }],
  ])('%s', async (_, specs, expected) => {
    expect(await cutOffFor(upstream, '2023-10-25T23:59:59Z', specs)).toEqual(expected);
  });
});

describe('an exact pin', () => {
  it.each([
    ['tool==1.0', { name: 'tool', version: '1.0' }],
    ['Tool_x[a,b] == 1.0rc1 --hash=sha256:00', { name: 'Tool_x', version: '1.0rc1' }],
    ['tool===1.0', { name: 'tool', version: '1.0' }],
    ['tool==1.*', undefined],
    ['tool==2.0.1+cu118', undefined],
    ['tool>=1.0', undefined],
    ['tool==1.0,<2', undefined],
  ])('is read from %s', (spec, pin) => {
    expect(exactPin(spec)).toEqual(pin);
  });

  it('loses its local version', () => {
    expect(withoutLocalVersion('torch==2.0.1+cu118')).toBe('torch==2.0.1');
  });
});

describe('a filename', () => {
  it.each([
    ['typing_extensions-4.8.0-py3-none-any.whl', 'typing-extensions', '4.8.0'],
    ['ruamel.yaml-0.17.tar.gz', 'ruamel-yaml', '0.17'],
    ['rouge-chinese-1.0.3.zip', 'rouge-chinese', '1.0.3'],
    ['other-1.0.tar.gz', 'tool', undefined],
    ['tool-1.0.win32.exe', 'tool', undefined],
  ])('%s of %s holds %s', (filename, project, version) => {
    expect(versionOf(filename, project)).toBe(version);
  });
});

describe('the address of the index', () => {
  it('is read back from a Dockerfile and from a path', () => {
    const dated = datedBuild([{ kind: 'pip', spec: 'x', line: 1, verdict: 'by-date' }, { kind: 'npm', spec: 'y', line: 1, verdict: 'by-date' }], '2023-10-26T00:00:00.000Z', 'RUN uv pip install x');
    const lines = dated ? dateLines(dated).join('\n') : '';
    expect(lines.split('\n').map((line) => /^(#|ARG \w+)/.exec(line)?.[0])).toEqual(['#', 'ARG PIP_INDEX_URL', 'ARG PIP_TRUSTED_HOST', 'ARG UV_INDEX_URL', 'ARG npm_config_before']);
    expect(indexInstants(lines)).toEqual(['2023-10-26T00:00:00.000Z']);
    const path = new URL(`${indexAddress('2023-10-26T00:00:00.000Z')}tool/`).pathname;
    expect(parseIndexPath(path)).toEqual({ view: 'as-of', dates: '2023-10-26T00:00:00.000Z', before: '2023-10-26T00:00:00.000Z', kind: 'page', project: 'tool', slash: true });
  });

  it('is for no build that takes no packages', () => {
    expect(datedBuild([{ kind: 'apt', spec: 'x', line: 1, verdict: 'by-date' }], '', '')).toBeUndefined();
  });
});
