import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseSource } from '../../../activities/intake/parse-source.ts';
import { type Snapshot, takeSnapshot } from '../../../activities/intake/snapshot.ts';
import { withoutCredentials } from '../../../activities/io/git.ts';
import { getTree } from '../../../activities/io/trees.ts';
import type { Source } from '../../../domain/index.ts';
import { memoryStore } from '../../fakes/memory-store.ts';

let directory: string;
let store: ReturnType<typeof memoryStore>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reprise-snapshot-'));
  store = memoryStore();
  await mkdir(join(directory, 'code/sub'), { recursive: true });
  await writeFile(join(directory, 'code/Dockerfile'), 'FROM scratch\n');
  await writeFile(join(directory, 'code/sub/file'), 'x');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('a snapshot of a directory', () => {
  it('holds its files and says where it came from', async () => {
    const snapshot = await take({ kind: 'directory', path: join(directory, 'code') });
    expect(snapshot).toMatchObject({ origin: join(directory, 'code'), notes: [] });
    expect(snapshot.commit).toBeUndefined();
    expect(await paths(snapshot)).toEqual(['Dockerfile', 'sub', 'sub/file']);
  });

  it('of a work tree leaves .git out and names the commit, and changes that are not in it', async () => {
    commitAll();
    const clean = await take({ kind: 'directory', path: join(directory, 'code') });
    expect(clean).toMatchObject({ commit: head(), commitDate: '2023-10-25T10:00:00.000Z', notes: [] });
    expect(await paths(clean)).toEqual(['Dockerfile', 'sub', 'sub/file']);
    await writeFile(join(directory, 'code/sub/file'), 'y');
    expect((await take({ kind: 'directory', path: join(directory, 'code') })).notes[0]).toContain('modified');
    expect((await take({ kind: 'directory', path: join(directory, 'code/sub') })).notes[0]).toContain('modified');
  });

  it('of a part of a work tree names the newest commit of that part', async () => {
    const first = commitAll();
    await writeFile(join(directory, 'code/other'), 'z');
    commitAll();
    expect(await take({ kind: 'directory', path: join(directory, 'code/sub') })).toMatchObject({ commit: first, notes: [] });
  });

  it('runs nothing that the git configuration of the directory names', async () => {
    commitAll();
    const trap = join(directory, 'trapped');
    await writeFile(join(directory, 'trap.sh'), `#!/bin/sh\ntouch ${trap}\ncat\n`, { mode: 0o755 });
    git('config', 'core.fsmonitor', join(directory, 'trap.sh'));
    git('config', 'filter.trap.clean', join(directory, 'trap.sh'));
    await writeFile(join(directory, 'code/.gitattributes'), '* filter=trap\n');
    await writeFile(join(directory, 'code/sub/file'), 'changed');
    expect((await take({ kind: 'directory', path: join(directory, 'code') })).commit).toBe(head());
    expect(existsSync(trap)).toBe(false);
  });

  it.each([
    ['is not there', async () => join(directory, 'none'), 'SOURCE_NOT_FOUND'],
    ['is a file', async () => join(directory, 'code/Dockerfile'), 'SOURCE_NOT_FOUND'],
    ['is empty', async () => (await mkdir(join(directory, 'empty')), join(directory, 'empty')), 'NO_DOCKERFILE'],
    ['holds a link out', async () => (await symlink('/etc', join(directory, 'code/etc')), join(directory, 'code')), 'SOURCE_UNSAFE_PATH'],
  ])('that %s is refused', async (_, path, type) => {
    await expect(take({ kind: 'directory', path: await path() })).rejects.toMatchObject({ type });
  });
});

describe('a snapshot of a git repository', () => {
  it('is the same tree as the directory, at the commit that the ref names', async () => {
    const first = commitAll();
    git('tag', 'v1');
    const tree = (await take({ kind: 'directory', path: join(directory, 'code') })).tree;
    await writeFile(join(directory, 'code/later'), '');
    commitAll();
    const url = pathToFileURL(join(directory, 'code')).toString();
    for (const ref of ['v1', first, first.slice(0, 10)]) {
      expect(await take({ kind: 'git', url, ref })).toMatchObject({ tree, commit: first, origin: `${url}#${ref}` });
    }
    expect((await take({ kind: 'git', url })).commit).toBe(head());
    expect(await readdir(join(directory, 'scratch'))).toEqual([]);
  });

  it('can be of a subdirectory', async () => {
    commitAll();
    const source = { kind: 'git', url: pathToFileURL(join(directory, 'code')).toString(), subdirectory: 'sub' } as const;
    expect(await paths(await take(source))).toEqual(['file']);
    await expect(take({ ...source, subdirectory: 'none' })).rejects.toMatchObject({ type: 'SOURCE_NOT_FOUND' });
    await expect(take({ ...source, subdirectory: '../..' })).rejects.toMatchObject({ type: 'SOURCE_NOT_FOUND' });
  });

  it('records a submodule that cannot be fetched', async () => {
    const commit = commitAll();
    git('update-index', '--add', '--cacheinfo', `160000,${commit},library`);
    await writeFile(join(directory, 'code/.gitmodules'), `[submodule "library"]\n\tpath = library\n\turl = ${join(directory, 'code')}\n`);
    git('add', '.gitmodules');
    git('commit', '--quiet', '-m', 'submodule');
    const { notes } = await take({ kind: 'git', url: pathToFileURL(join(directory, 'code')).toString() });
    expect(notes).toEqual([`submodule library at ${commit.slice(0, 12)}: could not be fetched and is left out`]);
  });

  it.each([
    ['a repository that is not there', { url: 'file:///no/such/repository.git' }, 'SOURCE_NOT_FOUND'],
    ['a ref that is not there', { ref: 'no-such-ref' }, 'SOURCE_NOT_FOUND'],
    ['an address that runs a program', { url: 'ext::sh -c "touch /tmp/x"' }, 'SOURCE_NOT_FOUND'],
    ['an address that is an option', { url: '--upload-pack=touch /tmp/x' }, 'REQUEST_INVALID'],
    ['a ref that is an option', { ref: '--upload-pack=touch' }, 'REQUEST_INVALID'],
  ])('refuses %s', async (_, given, type) => {
    commitAll();
    await expect(take({ kind: 'git', url: pathToFileURL(join(directory, 'code')).toString(), ...given })).rejects.toMatchObject({ type });
  });

  it('never says a password', async () => {
    const error = await take({ kind: 'git', url: 'https://user:hunter2@127.0.0.1:9/x.git?token=hunter2' }).catch((each: unknown) => each);
    expect(error).toMatchObject({ type: 'SOURCE_NOT_FOUND' });
    expect(String(error)).not.toContain('hunter2');
    expect(withoutCredentials('ssh://git:pw@host.invalid/x')).toBe('ssh://git@host.invalid/x');
    expect(withoutCredentials('git@host.invalid:x/y.git')).toBe('git@host.invalid:x/y.git');
  });
});

describe('a snapshot of an archive, or one that is stored', () => {
  it('has the tree of the directory', async () => {
    execFileSync('tar', ['czf', '../code.tgz', '.'], { cwd: join(directory, 'code') });
    const { tree } = await take({ kind: 'directory', path: join(directory, 'code') });
    expect((await take({ kind: 'archive', path: join(directory, 'code.tgz') })).tree).toBe(tree);
    expect(await take({ kind: 'snapshot', tree, origin: 'https://u:p@h.invalid/x' })).toEqual({ tree, origin: 'https://h.invalid/x', notes: [] });
    await expect(take({ kind: 'snapshot', tree: '0'.repeat(64), origin: '' })).rejects.toMatchObject({ type: 'STORE_CORRUPT' });
  });
});

describe('a source as it is written', () => {
  it('becomes what it names', async () => {
    const code = join(directory, 'code');
    await writeFile(join(directory, 'a.tar.gz'), '');
    await mkdir(join(directory, 'bare.git'));
    const cases: [string, Source][] = [
      [code, { kind: 'directory', path: code }],
      [join(directory, 'a.tar.gz'), { kind: 'archive', path: join(directory, 'a.tar.gz') }],
      ['https://h.invalid/o/n', { kind: 'git', url: 'https://h.invalid/o/n' }],
      ['https://h.invalid/o/n#main', { kind: 'git', url: 'https://h.invalid/o/n', ref: 'main' }],
      ['https://h.invalid/o/n#feature/x:a/b', { kind: 'git', url: 'https://h.invalid/o/n', ref: 'feature/x', subdirectory: 'a/b' }],
      ['https://h.invalid/o/n#:a', { kind: 'git', url: 'https://h.invalid/o/n', subdirectory: 'a' }],
      ['git@h.invalid:o/n.git#v1', { kind: 'git', url: 'git@h.invalid:o/n.git', ref: 'v1' }],
      ['ssh://git@h.invalid/o/n', { kind: 'git', url: 'ssh://git@h.invalid/o/n' }],
      [`${directory}/bare.git#v1:sub`, { kind: 'git', url: pathToFileURL(join(directory, 'bare.git')).toString(), ref: 'v1', subdirectory: 'sub' }],
    ];
    for (const [text, source] of cases) expect(parseSource(text)).toEqual(source);
  });

  it.each([
    ['/no/such/path', 'SOURCE_NOT_FOUND'],
    ['/no/such/path.git#v1', 'SOURCE_NOT_FOUND'],
    ['/etc/hostname', 'REQUEST_INVALID'],
    ['/dev/null', 'REQUEST_INVALID'],
    ['ftp://h.invalid/x', 'REQUEST_INVALID'],
    ['https://h.invalid/x.zip', 'REQUEST_INVALID'],
    ['https://h.invalid/x#main:../y', 'REQUEST_INVALID'],
  ])('%s is refused with %s', (text, type) => {
    expect(() => parseSource(text)).toThrow(expect.objectContaining({ type }) as Error);
  });
});

function take(source: Source): Promise<Snapshot> {
  return takeSnapshot({ store, settings: { scratchDirectory: join(directory, 'scratch') } }, source, { signal: new AbortController().signal, report: () => {} });
}

async function paths({ tree }: Snapshot): Promise<string[]> {
  return (await getTree(store, tree)).entries.map(({ path }) => path);
}

function git(...args: string[]): string {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@invalid.invalid', '-c', 'init.defaultBranch=main'];
  const date = '2023-10-25T12:00:00+02:00';
  const env = { ...process.env, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  return execFileSync('git', [...identity, ...args], { cwd: join(directory, 'code'), env, encoding: 'utf8' }).trim();
}

function commitAll(): string {
  git('init', '--quiet');
  git('add', '--all');
  git('commit', '--quiet', '-m', 'all');
  return head();
}

function head(): string {
  return git('rev-parse', 'HEAD');
}
