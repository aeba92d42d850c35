import { text } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { contextTar } from '../../../activities/build/context.ts';
import { putBlob } from '../../../activities/io/blobs.ts';
import { mediaTypes, treeOf, type Tree } from '../../../domain/index.ts';
import { memoryStore } from '../../fakes/memory-store.ts';

const store = memoryStore();

async function treeWith(files: Record<string, string>): Promise<Tree> {
  const entries = await Promise.all(
    Object.entries(files).map(async ([path, content]) => {
      const { sha256, sizeBytes } = await putBlob(store, Buffer.from(content), mediaTypes.text);
      return { type: 'file', path, executable: false, sha256, sizeBytes } as const;
    }),
  );
  return treeOf(entries);
}

async function sent(files: Record<string, string>, context = '.', dockerfile = 'Dockerfile', caBundle?: Uint8Array): Promise<Record<string, string>> {
  const build = { role: 'serve', dockerfile, context, pinned: '' } as const;
  const tar = await contextTar(store, await treeWith(files), build, { dockerfile: Buffer.from('FROM pinned'), caBundle });
  const found: Record<string, string> = {};
  for await (const entry of tar.pipe(extract())) found[entry.header.name] = await text(entry as unknown as NodeJS.ReadableStream);
  return found;
}

describe('a build context', () => {
  it('holds what lies below its directory, and the pinned Dockerfile', async () => {
    const files = await sent({ 'app/Dockerfile': 'FROM x', 'app/main.py': 'main', 'other.py': 'other' }, 'app', 'app/Dockerfile');
    expect(Object.keys(files).sort()).toEqual(['.dockerignore', '.reprise/Dockerfile', 'Dockerfile', 'main.py']);
    expect(files['.reprise/Dockerfile']).toBe('FROM pinned');
  });

  it('has the CA bundle only where the operator gives one', async () => {
    expect(await sent({ a: '' }, '.', 'Dockerfile', Buffer.from('PEM'))).toMatchObject({ '.reprise/ca.pem': 'PEM' });
    expect(await sent({ a: '' })).not.toHaveProperty(['.reprise/ca.pem']);
  });

  it.each([
    ['a name', 'secret.env', ['b/secret.env', 'keep.py']],
    ['a name at any depth', '**/secret.env', ['keep.py']],
    ['everything but one', '*\n!keep.py', ['keep.py']],
    ['a directory', 'b/', ['keep.py', 'secret.env']],
    ['nothing by its letters’ case', 'SECRET.env', ['b/secret.env', 'keep.py', 'secret.env']],
    ['comments and blank lines', '\uFEFF# b\n\n  keep.py  \r\n', ['b/secret.env', 'secret.env']],
  ])('leaves out what .dockerignore names: %s', async (_, patterns, left) => {
    const files = await sent({ '.dockerignore': `${patterns}\n.dockerignore`, 'b/secret.env': '', 'keep.py': '', 'secret.env': '' });
    const ours = new Set(['.dockerignore', '.reprise/Dockerfile']);
    expect(Object.keys(files).filter((path) => !ours.has(path)).sort()).toEqual(left);
  });

  it('prefers the patterns of its own Dockerfile', async () => {
    const files = await sent({ '.dockerignore': 'a', 'Dockerfile.train.dockerignore': 'b', a: '', b: '' }, '.', 'Dockerfile.train');
    expect(files).toHaveProperty('a');
    expect(files).not.toHaveProperty('b');
  });

  it('does not change a .dockerignore that is sent', async () => {
    expect(await sent({ '.dockerignore': 'b\n', a: '', b: '' })).toMatchObject({ '.dockerignore': 'b\n' });
  });

  it('names a pattern that cannot be read', async () => {
    await expect(sent({ '.dockerignore': 'a[', a: '' })).rejects.toMatchObject({ type: 'DOCKERFILE_INVALID' });
  });
});
