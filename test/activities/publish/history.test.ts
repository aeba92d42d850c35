import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { createSession } from '../../../activities/scan/session.ts';
import { fakes } from '../scan/examples.ts';
import { fingerprintKey, useWorkplace } from './source.ts';

const token = fakes.huggingFace();
const marker = `redacted-${createSession({ fingerprintKey }).fingerprintOf(token).slice(0, 16)}`;
const place = useWorkplace();
beforeEach(() => void place.git('init', '-q'));

/** Everything that the copy holds: objects, and the files around them. */
function everyByte(): string {
  const objects = place.copied('cat-file', '--batch-all-objects', '--batch');
  return `${objects}\n${place.copied('for-each-ref')}\n${readFileSync(join(place.target, 'history.git', 'HEAD'), 'utf8')}`;
}

describe('a history in which the secret', () => {
  test.each([
    ['stands in a file', () => place.write('a.py', `t = "${token}"`), /t = "redacted-/],
    ['stands in the name of a file', () => place.write(`deep/${token}/b.txt`, 'x'), /redacted-/],
    ['stands in a link', () => symlinkSync(`/home/${token}`, join(place.source, 'link')), /\/home\/redacted-/],
    ['stands in a message', () => place.git('commit', '-q', '--allow-empty', '-m', `use ${token}`), /use redacted-/],
    ['is the author', () => place.git('commit', '-q', '--allow-empty', '--author', `${token} <x@y>`, '-m', 'm'), /author redacted-\S+ <x@y>/],
    ['stands in an annotated tag', () => place.git('tag', '-a', 'v1', '-m', `with ${token}`), /with redacted-/],
    ['stands in a note', () => place.git('notes', 'add', '-m', `note ${token}`), /note redacted-/],
    ['is the name of a branch', () => place.git('branch', `b-${token}`), /refs\/heads\/b-redacted-/],
  ])('%s holds the marker instead, and nothing else changes', async (_where, put, expected) => {
    place.write('first.txt', 'one');
    place.commit('first');
    put();
    place.commit('second');
    place.write('third.txt', 'three');
    place.commit('third');
    const publication = await place.publishHistory();
    expect(publication).toMatchObject({ published: true, blocked: [] });
    expect(everyByte()).toMatch(expected);
    expect(everyByte()).not.toContain(token);
    expect(publication.replaced.map((each) => each.marker)).toContain(marker);
    expect(await place.scanCopy()).toMatchObject({ complete: true, findings: [] });
    expect(place.copied('rev-list', '--count', 'main')).toBe(place.git('rev-list', '--count', 'main'));
    expect(place.copied('fsck', '--full', '--strict')).toBe('');
  });
});

test('what was committed and deleted is replaced and listed with path, commit and line', async () => {
  place.write('src/a.py', `import x\nt = "${token}"\n`);
  place.commit('one');
  place.git('rm', '-q', 'src/a.py');
  place.commit('two');
  const { replaced } = await place.publishHistory();
  const first = place.copied('rev-list', '--max-parents=0', 'main').trim();
  expect(replaced).toEqual([
    expect.objectContaining({ path: 'history.git/src/a.py', commits: [first], what: 'content', line: 2, rule: 'hugging-face-token', marker }),
  ]);
  expect(place.copied('show', `${first}:src/a.py`)).toBe(`import x\nt = "${marker}"\n`);
});

test('merges, renames, modes, submodules, notes, tags of tags and of trees are kept', async () => {
  place.write('a.py', `t = "${token}"\n${'line\n'.repeat(20)}`);
  place.write('run.sh', 'echo');
  chmodSync(join(place.source, 'run.sh'), 0o755);
  place.commit('one');
  place.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},sub`);
  place.git('commit', '-q', '-m', 'a submodule');
  place.git('checkout', '-q', '-b', 'side');
  place.git('mv', 'a.py', 'b.py');
  place.git('commit', '-q', '-m', 'renamed');
  place.git('checkout', '-q', 'main');
  place.write('c.txt', 'c');
  place.git('add', 'c.txt');
  place.git('commit', '-q', '-m', 'beside');
  place.git('merge', '-q', '--no-edit', 'side');
  place.git('notes', 'add', '-m', 'well done', 'side');
  place.git('tag', '-a', 'inner', '-m', 'inner');
  place.git('tag', '-a', 'outer', '-m', 'outer', 'inner');
  place.git('tag', 'some-tree', 'main^{tree}');
  place.git('tag', 'some-blob', 'main:run.sh');
  const publication = await place.publishHistory();
  expect(publication).toMatchObject({ published: true });
  expect(place.copied('log', '--format=%s %p', 'main').split('\n').map((line) => line.split(' ').length)).toEqual(place.git('log', '--format=%s %p', 'main').split('\n').map((line) => line.split(' ').length));
  expect(place.copied('notes', 'show', 'side')).toBe('well done\n');
  expect(place.copied('rev-parse', 'outer^{commit}')).toBe(place.copied('rev-parse', 'main'));
  expect(place.copied('cat-file', '-t', 'some-tree')).toBe('tree\n');
  expect(place.copied('cat-file', '-t', 'some-blob')).toBe('blob\n');
  const modes = (listing: string): string[] => listing.split('\n').map((line) => `${line.split(' ')[0]} ${line.split('\t')[1]}`);
  expect(modes(place.copied('ls-tree', '-r', 'main'))).toEqual(modes(place.git('ls-tree', '-r', 'main')));
  expect(publication.leftOut).toContainEqual(expect.stringContaining(`sub: a submodule at ${'1'.repeat(12)}`));
});

test('what nothing reaches, the reflog and the stash are not published', async () => {
  place.write('a.txt', 'a');
  place.commit('one');
  place.write('b.py', `t = "${token}"`);
  place.commit('two');
  place.git('reset', '-q', '--hard', 'HEAD~1');
  place.write('a.txt', `stashed ${token}`);
  place.git('stash');
  const publication = await place.publishHistory();
  expect(publication).toMatchObject({ published: true, replaced: [], history: { objects: 3, rewritten: 0 } });
  expect(publication.leftOut).toContainEqual('refs/stash: not published');
  expect(place.copied('cat-file', '--batch-all-objects', '--batch-check').trim().split('\n')).toHaveLength(3);
});

test('a history without a secret keeps every name', async () => {
  place.write('a.txt', 'a');
  place.commit('one');
  expect(await place.publishHistory()).toMatchObject({ published: true, history: { rewritten: 0 } });
  expect(place.copied('rev-parse', 'main')).toBe(place.git('rev-parse', 'main'));
});

test('a binary in the history blocks with its path and commit', async () => {
  place.write('model.bin', Buffer.concat([Buffer.alloc(8), Buffer.from(token)]));
  place.commit('one');
  place.git('rm', '-q', 'model.bin');
  place.commit('two');
  const { published, blocked } = await place.publishHistory();
  expect(published).toBe(false);
  expect(blocked).toEqual([expect.objectContaining({ path: expect.stringMatching(/^history.git\/model.bin \(commit [0-9a-f]{40}\)$/), reason: 'in a binary file, which is never patched' })]);
});

test('messages that name a rewritten commit name the new one', async () => {
  place.write('a.py', `t = "${token}"`);
  place.commit('one');
  const first = place.git('rev-parse', 'HEAD').trim();
  place.commit(`reverts ${first}`);
  await place.publishHistory();
  expect(place.copied('log', '-1', '--format=%s').trim()).toBe(`reverts ${place.copied('rev-parse', 'main~1').trim()}`);
});

test('objects that are borrowed from another repository are not published', async () => {
  place.commit('one');
  const other = mkdtempSync(join(tmpdir(), 'publish-other-'));
  writeFileSync(join(place.source, '.git/objects/info/alternates'), `${other}\n`);
  await expect(place.publishHistory()).rejects.toMatchObject({ type: 'SOURCE_UNSAFE_PATH' });
  rmSync(other, { recursive: true });
});

test('a shallow history is not published', async () => {
  place.commit('one');
  place.commit('two');
  const parent = place.git('rev-parse', 'HEAD~1').trim();
  writeFileSync(join(place.source, '.git/shallow'), place.git('rev-parse', 'HEAD'));
  rmSync(join(place.source, '.git/objects', parent.slice(0, 2), parent.slice(2)));
  await expect(place.publishHistory()).rejects.toMatchObject({ type: 'SOURCE_UNREADABLE' });
  expect(existsSync(place.target)).toBe(false);
});
