import { describe, expect, it } from 'vitest';
import { repodataBefore } from '../../../../activities/pin/by-date/repodata.ts';

const before = '2023-10-26T00:00:00.000Z';
const [old, young, seconds] = [1_672_531_200_000, Date.parse(before), 1_500_000_000];

/** As conda-build writes it. */
const index = {
  info: { subdir: 'noarch', base_url: 'packages {' },
  packages: {
    'tool-1.0-0.tar.bz2': { name: 'tool', version: '1.0', build: '0', depends: ['python >=3.8', 'a "quoted\\" {name'], timestamp: old },
    'tool-2.0-0.tar.bz2': { name: 'tool', version: '2.0', build: '0', depends: [], timestamp: young },
    'early-1.0-0.tar.bz2': { name: 'early', version: '1.0', build: '0', depends: [], timestamp: seconds },
    'undated-1.0-0.tar.bz2': { name: 'undated', version: '1.0', build: '0', depends: [] },
  },
  'packages.conda': { 'tool-2.0-0.conda': { timestamp: young }, 'tool-1.0-0.conda': { timestamp: old, é: 'ü' } },
  removed: ['gone-1.0-0.tar.bz2'],
  repodata_version: 1,
};

async function filtered(text: string, chunkBytes: number): Promise<string> {
  const bytes = Buffer.from(text);
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.byteLength; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  let out = '';
  for await (const part of repodataBefore(chunks(), before)) out += part;
  return out;
}

describe('the index of a channel as of a date', () => {
  it.each([[1, 0], [7, 2], [64 * 1024, 1]])('has what was made before it, and nothing without a time (portions of %i bytes)', async (chunkBytes, indent) => {
    expect(JSON.parse(await filtered(JSON.stringify(index, null, indent), chunkBytes))).toEqual({
      ...index,
      packages: { 'tool-1.0-0.tar.bz2': index.packages['tool-1.0-0.tar.bz2'], 'early-1.0-0.tar.bz2': index.packages['early-1.0-0.tar.bz2'] },
      'packages.conda': { 'tool-1.0-0.conda': index['packages.conda']['tool-1.0-0.conda'] },
    });
  });

  it.each([['{"info":{},"packages":{},"packages.conda":{}}'], ['{"packages":{"a":{}}}'], ['{}']])('is whole where nothing is left: %s', async (text) => {
    expect(JSON.parse(await filtered(text, 3))).toEqual({ ...JSON.parse(text), ...(text.includes('"packages"') ? { packages: {} } : {}) });
  });

  it.each([['{"packages":{"a":{"timestamp":1}'], ['{"packages":{"a":{'], ['{"packages":{a:{"x":1}}}']])('is refused where it is broken: %s', async (text) => {
    await expect(filtered(text, 5)).rejects.toThrow();
  });
});
