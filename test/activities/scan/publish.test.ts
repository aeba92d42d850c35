import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { putBlob } from '../../../activities/io/blobs.ts';
import { publicationCopy, type PublicationCopy } from '../../../activities/scan/publish.ts';
import { blobKey, mediaTypes, treeOf, type TreeEntry } from '../../../domain/index.ts';
import { memoryStore } from '../../fakes/memory-store.ts';
import { fakes } from './examples.ts';

const token = fakes.huggingFace();

async function copyOf(files: Record<string, Buffer | string>): Promise<{ copy: PublicationCopy; textOf(path: string): string }> {
  const store = memoryStore();
  const entries: TreeEntry[] = [];
  for (const [path, bytes] of Object.entries(files)) {
    const { sha256, sizeBytes } = await putBlob(store, Buffer.from(bytes), mediaTypes.bytes);
    entries.push({ type: 'file', path, executable: false, sizeBytes, sha256 });
  }
  const copy = await publicationCopy(store, treeOf(entries), { fingerprintKey: Buffer.alloc(32) });
  const textOf = (path: string): string => {
    const entry = copy.tree.entries.find((each) => each.path === path);
    return Buffer.from((entry?.type === 'file' && store.objects.get(blobKey(entry.sha256))) || []).toString();
  };
  return { copy, textOf };
}

test('a secret in a text file is replaced by its marker and listed, without its value', async () => {
  const { copy, textOf } = await copyOf({ 'a/main.py': `login("${token}")\nlogin("${token}")\n`, 'b.txt': 'as it was' });
  expect(textOf('a/main.py')).toBe('login("[redacted:hugging-face-token]")\nlogin("[redacted:hugging-face-token]")\n');
  expect(textOf('b.txt')).toBe('as it was');
  expect(copy.blocked).toEqual([]);
  expect(copy.replacements.map(({ path, offset, length }) => ({ path, offset, length }))).toEqual([
    { path: 'a/main.py', offset: 7, length: 37 },
    { path: 'a/main.py', offset: 54, length: 37 },
  ]);
  expect(JSON.stringify(copy)).not.toContain(token);
});

test.each([
  ['a binary file', 'model.bin', Buffer.concat([Buffer.alloc(64), Buffer.from(token)]), /binary file/],
  ['an archive', 'a.gz', gzipSync(token), /packed in an archive/],
  ['a broken archive', 'a.gz', gzipSync(token).subarray(0, 20), /gzip data is broken/],
  ['a name', `${token}.txt`, 'x', /in a name/],
])('%s with a secret blocks publication and is not patched', async (_what, path, bytes, reason) => {
  const { copy } = await copyOf({ [path]: bytes });
  expect(copy.blocked.map((each) => each.reason).join()).toMatch(reason);
  expect(copy.replacements).toEqual([]);
});
