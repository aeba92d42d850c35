import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commitAsOf } from '../../../../activities/pin/by-date/git-history.ts';
import { createCommitFinder, dateCommits } from '../../../../activities/pin/by-date/git-inputs.ts';
import { planImage } from '../../../../activities/pin/plan.ts';
import { sourceFiles } from '../../../../activities/pin/source-files.ts';
import { makeRepository, startGitServer, type GitServer } from './git-server.ts';

const directory = mkdtempSync(join(tmpdir(), 'reprise-git-'));
const settings = { scratchDirectory: join(directory, 'scratch'), caBundle: undefined, httpProxy: undefined, httpsProxy: undefined, signal: new AbortController().signal };
const date = '2023-10-26T00:00:00Z';
let server: GitServer;
let options: Parameters<typeof commitAsOf>[3];
let commits: string[];

beforeAll(async () => {
  commits = makeRepository(directory, 'tool.git', ['2023-01-01', '2023-06-01', '2023-10-25', '2023-12-01']);
  server = await startGitServer(directory);
  options = { ...settings, reachable: [new URL(server.url).host] };
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

it('is not asked of this machine and of what only it may reach', async () => {
  const find = createCommitFinder(date, settings);
  for (const url of [`${server.url}/tool.git`, 'http://169.254.169.254/x', 'https://[fd00:ec2::254]/x', 'http://localhost/x', 'http://127.1/x']) expect(await find(url, undefined)).toMatchObject({ status: 'unreachable', message: expect.stringContaining('of this machine') });
});

it.each(['http://127.0.0.1:PORT/tool.git', 'http://169.254.169.254/latest', 'http://localhost:PORT/tool.git'])('is not asked of %s, where a redirect leads there', async (target) => {
  const hidden = await startGitServer(directory);
  const asked: string[] = [];
  const leading = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(302, { location: `${target.replace('PORT', new URL(hidden.url).port)}/info/refs?service=git-upload-pack` }).end();
  });
  await new Promise<void>((resolve) => leading.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(leading.address() as AddressInfo).port}`;
  try {
    expect(await commitAsOf(`http://${host}/tool.git`, undefined, date, { ...settings, reachable: [host] })).toMatchObject({ status: 'unreachable', message: expect.stringContaining('of this machine') });
    expect(asked).toHaveLength(1);
    // The same server is a repository's where it may be reached.
    if (target.includes('127.0.0.1')) expect(await commitAsOf(`http://${host}/tool.git`, undefined, date, { ...settings, reachable: [host, new URL(hidden.url).host] })).toMatchObject({ status: 'found' });
  } finally {
    await hidden.close();
    leading.close();
  }
});

describe('the commit of a date', () => {
  it.each([
    ['of the default branch', undefined, 2, { by: 'default-branch', onTime: true, committedAt: '2023-10-25T12:00:00.000Z' }],
    ['of a branch', 'stable', 1, { by: 'branch', onTime: true }],
    ['of a tag that is younger', 'v2', 3, { by: 'tag', onTime: false }],
  ])('is found %s', async (_, ref, index, expected) => {
    expect(await commitAsOf(`${server.url}/tool.git`, ref, date, options)).toMatchObject({ status: 'found', commit: commits[index], ...expected });
  });

  it('is found for an abbreviated commit', async () => {
    expect(await commitAsOf(`${server.url}/tool.git`, commits[1]?.slice(0, 9), date, options)).toMatchObject({ commit: commits[1], by: 'commit' });
  });

  it('is the oldest that there is where all are younger, and says so', async () => {
    expect(await commitAsOf(`${server.url}/tool.git`, undefined, '2020-01-01T00:00:00Z', options)).toMatchObject({ onTime: false });
  });

  it.each([
    ['a branch that is not there', 'tool.git', 'nothing', 'absent'],
    ['a repository that is not there', 'other.git', undefined, 'refused'],
  ])('is not found for %s', async (_, name, ref, status) => {
    expect(await commitAsOf(`${server.url}/${name}`, ref, date, options)).toMatchObject({ status });
  });

  it.each([
    ['a server that does not answer', 'http://127.0.0.1:1/tool.git'],
    ['a file of this machine', `file://${directory}/tool.git`],
    ['a helper program', 'ext::sh -c true'],
    ['a protocol that goes past the gate', 'git://example.invalid/x'],
  ])('is not found through %s', async (_, url) => {
    expect(await commitAsOf(url, undefined, date, options)).toMatchObject({ status: 'unreachable' });
  });
});

describe('the repositories of a Dockerfile', () => {
  it('get their commits, each with what is known of it', async () => {
    const url = `${server.url}/tool.git`;
    const text = `FROM base@sha256:${'0'.repeat(64)}\nRUN git clone ${url} && pip install git+${url}@v2 git+http://127.0.0.1:1/x.git\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n`;
    const files = new Map([['Dockerfile', text], ['requirements.txt', `git+${url}\n`]]);
    const source = sourceFiles([...files.keys()], [], async (path) => (files.has(path) ? Buffer.from(files.get(path) ?? '') : undefined));
    const plan = await planImage(source, { role: 'serve', dockerfile: 'Dockerfile', context: '.', evidence: '' });
    const dated = await dateCommits(plan, createCommitFinder(date, options));
    expect(dated.lines[1]).toBe(`RUN { git clone ${url} && git -C tool checkout --quiet ${commits[2]}; } && pip install git+${url}@${commits[3]} git+http://127.0.0.1:1/x.git`);
    expect(dated.commits.map(({ commit, fidelity }) => [commit, fidelity])).toEqual([[commits[2], 'faithful'], [commits[3], 'near']]);
    expect(dated.inputs.filter(({ kind }) => kind === 'git').map(({ verdict, reason }) => [verdict, reason?.replace(/\(.*/, '')])).toEqual([
      ['exact', `faithful: at ${commits[2]?.slice(0, 12)} of 2023-10-25, the newest that is not later than the date`],
      ['exact', `near: at ${commits[3]?.slice(0, 12)} of 2023-12-01, later than the date: there is no earlier one`],
      ['by-recording', 'the server did not tell its history '],
      ['by-recording', `it was at ${commits[2]?.slice(0, 12)} of 2023-10-25 on the date, but the place that names it is not ours to change`],
    ]);
  });
});
