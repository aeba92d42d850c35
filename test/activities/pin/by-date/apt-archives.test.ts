import { describe, expect, it } from 'vitest';
import { addressesFor, aptArchiveLine, aptBeforeLine, aptDateIn, aptHosts } from '../../../../activities/pin/by-date/apt-archives.ts';
import { dateLines, datedBuild } from '../../../../activities/pin/by-date/dockerfile-lines.ts';
import { undated } from '../../../../activities/pin/by-date/undated.ts';

const before = '2023-10-26T00:00:00.000Z';
const archives = {
  aptSnapshot: { 'http://mirror.example/debian': 'http://past.example/archive/debian/{date}', 'http://mirror.example/debian-security/': 'http://past.example/archive/debian-security/{date}/' },
  aptArchive: { 'http://mirror.example/debian': 'http://old.example/debian' },
};
const dated = { before, retired: false };
const retired = { before: undefined, retired: true };

describe('what apt asks of a mirror', () => {
  it.each<[string, string, typeof dated | typeof retired, string[]]>([
    ['goes to the snapshot as of the last second before the date', 'http://mirror.example/debian/dists/bookworm/InRelease', dated, ['http://past.example/archive/debian/20231025T235959Z/dists/bookworm/InRelease']],
    ['is the same by HTTPS', 'https://mirror.example/debian/x', dated, ['http://past.example/archive/debian/20231025T235959Z/x']],
    ['goes by whole names of directories', 'http://mirror.example/debian-security/x', dated, ['http://past.example/archive/debian-security/20231025T235959Z/x']],
    ['is left where no archive is named for it', 'http://mirror.example/ubuntu/x', dated, []],
    ['goes to the archive where the mirror has none of it', 'http://mirror.example/debian/x', retired, ['http://mirror.example/debian/x', 'http://old.example/debian/x']],
    ['is left where nothing asks for the past', 'http://mirror.example/debian/x', { before: undefined, retired: false } as never, []],
  ])('%s', (_what, url, date, expected) => {
    expect(addressesFor(url, archives, date)).toEqual(expected);
  });

  it('is answered for those hosts that the Dockerfile asks for', () => {
    expect(aptHosts(archives, aptDateIn(`FROM x\n${aptBeforeLine(before)}\r\nRUN y`))).toEqual(['mirror.example']);
    expect(aptDateIn(`FROM x\n${aptArchiveLine}\n`)).toEqual(retired);
    expect(aptHosts(archives, aptDateIn('FROM x\nRUN apt-get update\n'))).toEqual([]);
    expect(aptHosts({}, dated)).toEqual([]);
  });
});

describe('a build that takes packages of apt', () => {
  const apt = { kind: 'apt', spec: 'curl', line: 2, verdict: 'by-date' } as const;
  it('is told the date where a snapshot archive is configured', () => {
    const build = datedBuild([apt], before, '', { pip: true, apt: true, conda: false });
    expect(build && dateLines(build)).toEqual([expect.stringMatching(/^# reprise: /), `ARG REPRISE_APT_BEFORE=${before}`]);
  });

  it.each([[true, 'by-date', 'snapshot archive'], [false, 'by-recording', 'no snapshot archive is configured']])('says how it is determined (%s)', (has, verdict, reason) => {
    expect(undated(apt, { pip: true, npm: false, apt: has, conda: false })).toMatchObject({ verdict, reason: expect.stringContaining(reason) });
  });
});
