import { describe, expect, it } from 'vitest';
import { subtree, treeOf, treeSizeBytes, type TreeEntry } from '../../domain/index.ts';

const file = (path: string, sizeBytes = 1): TreeEntry => ({ type: 'file', path, executable: false, sizeBytes, sha256: 'a'.repeat(64) });

describe('a tree', () => {
  it('is the same whatever order its entries came in', () => {
    expect(treeOf([file('b'), file('a')])).toEqual(treeOf([file('a'), file('b')]));
  });

  it.each([
    ['.', ['ab/c', 'b']],
    ['', ['ab/c', 'b']],
    ['ab', ['c']],
    ['./ab/', ['c']],
    ['a', []],
  ])('below %j holds %j', (directory, paths) => {
    expect(subtree(treeOf([file('b'), file('ab/c')]), directory).entries.map(({ path }) => path)).toEqual(paths);
  });

  it('is as large as its files together', () => {
    expect(treeSizeBytes(treeOf([file('a', 3), { type: 'symlink', path: 'l', target: 'a' }, file('b', 4)]))).toBe(7);
  });
});
