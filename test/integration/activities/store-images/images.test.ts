import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDocker } from '../../../../activities/io/docker/connection.ts';
import { keepImages } from '../../../../activities/store-images/keep-images.ts';
import { ensureImage } from '../../../../activities/store-images/index.ts';
import { readConfig } from '../../../../infra/config.ts';
import type { ImageReference } from '../../../../workflows/contract.ts';
import { memoryStore } from '../../../fakes/memory-store.ts';

const docker = createDocker(readConfig().dockerSocket);
const scratchDirectory = mkdtempSync(join(tmpdir(), 'reprise-upload-'));
const context = { signal: new AbortController().signal, report: () => {} };
const said = randomUUID();
let images: ImageReference[];

beforeAll(async () => {
  images = [await build('serve', `serving ${said}`), await build('train', `training ${said}`)];
});
afterAll(async () => {
  for (const { id } of images) await docker.getImage(id).remove({ force: true }).catch(() => undefined);
  rmSync(scratchDirectory, { recursive: true, force: true });
});

describe('images in the store', () => {
  it('come back to an engine that lost them, with the same id, and run', async () => {
    const store = memoryStore();
    const dependencies = { store, docker, settings: { scratchDirectory } as never };
    await keepImages(dependencies, images, context);
    const [image] = images as [ImageReference];
    const { id } = image;
    await docker.getImage(id).remove({ force: true });
    await ensureImage(dependencies, image);
    expect((await docker.getImage(id).inspect()).RepoTags).toHaveLength(1);
    expect(await output(id)).toContain(`serving ${said}`);
  });

  it('are gone where neither the engine nor the store has all of one', async () => {
    const store = memoryStore();
    const dependencies = { store, docker, settings: { scratchDirectory } as never };
    const [image] = images as [ImageReference];
    const kept = await keepImages(dependencies, [image], context);
    store.objects.delete(kept.at(-1)?.key ?? '');
    await docker.getImage(image.id).remove({ force: true });
    await expect(ensureImage(dependencies, image)).rejects.toMatchObject({ type: 'IMAGE_GONE' });
    images[0] = await build('serve', `serving ${said}`);
  });

  it('are refused when a layer was changed', async () => {
    const store = memoryStore();
    const dependencies = { store, docker, settings: { scratchDirectory } as never };
    const [image] = images as [ImageReference];
    const kept = await keepImages(dependencies, [image], context);
    const [, , layer] = kept.map(({ key, sha256 }) => ({ key, sha256 }));
    const bytes = Buffer.from(store.objects.get(layer?.key ?? '') ?? '');
    bytes[bytes.length - 600] = (bytes[bytes.length - 600] ?? 0) ^ 1;
    store.objects.set(layer?.key ?? '', bytes);
    await docker.getImage(image.id).remove({ force: true });
    await expect(ensureImage(dependencies, image)).rejects.toMatchObject({ type: 'STORE_CORRUPT' });
    images[0] = await build('serve', `serving ${said}`);
  });

  it('share their layers, and are read from the engine once', async () => {
    const store = memoryStore();
    const dependencies = { store, docker, settings: { scratchDirectory } as never };
    const kept = await keepImages(dependencies, images, context);
    expect(kept.map(({ path }) => path.replace(/[0-9a-f]{64}/, '…'))).toEqual([
      'images/serve/image.json',
      'images/serve/config.json',
      'images/layers/….tar',
      'images/train/image.json',
      'images/train/config.json',
    ]);
    const objects = store.objects.size;
    const silent = { ...dependencies, docker: createSilentSave() };
    expect(await keepImages(silent, images, context)).toEqual(kept);
    expect(store.objects.size).toBe(objects);
  });

  it('say which image the engine does not have', async () => {
    const dependencies = { store: memoryStore(), docker, settings: { scratchDirectory } as never };
    const gone: ImageReference = { role: 'serve', id: `sha256:${'0'.repeat(64)}`, sizeBytes: 1 };
    await expect(keepImages(dependencies, [gone], context)).rejects.toMatchObject({ type: 'IMAGE_GONE' });
  });
});

/** An image of the host's own shell and its libraries: it needs no registry. */
async function build(role: 'serve' | 'train', words: string): Promise<ImageReference> {
  const tar = pack();
  tar.entry({ name: 'Dockerfile' }, `FROM scratch\nCOPY root /\nCMD ["/bin/sh", "-c", "echo ${words}"]\n`);
  for (const path of shellFiles()) tar.entry({ name: `root${path}`, mode: 0o755, mtime: new Date(0) }, readFileSync(path));
  tar.finalize();
  const progress = await docker.buildImage(tar as never, { nocache: false });
  const events = await new Promise<{ aux?: { ID?: string }; error?: string }[]>((done, fail) =>
    docker.modem.followProgress(progress, (error, all) => (error ? fail(error) : done(all))),
  );
  const id = events.findLast((event) => event.aux?.ID !== undefined)?.aux?.ID;
  if (id === undefined) throw new Error(`the image was not built: ${JSON.stringify(events.at(-1))}`);
  return { role, id, sizeBytes: (await docker.getImage(id).inspect()).Size };
}

function shellFiles(): string[] {
  const libraries = execFileSync('ldd', ['/bin/sh'], { encoding: 'utf8' }).match(/\/\S+/g) ?? [];
  return ['/bin/sh', ...libraries];
}

async function output(image: string): Promise<string> {
  const container = await docker.createContainer({ Image: image, Tty: true, HostConfig: { NetworkMode: 'none' } });
  try {
    const stream = await container.attach({ stream: true, stdout: true });
    await container.start();
    const all = text(stream.pipe(new PassThrough()));
    await container.wait();
    return await all;
  } finally {
    await container.remove({ force: true });
  }
}

/** The same engine, which gives no archive out. */
function createSilentSave(): typeof docker {
  const other = createDocker(readConfig().dockerSocket);
  const dial = other.modem.dial.bind(other.modem);
  other.modem.dial = ((options: { path: string }, done: (error: Error) => void) =>
    options.path.startsWith('/images/get') ? done(new Error('an archive was asked for')) : dial(options as never, done as never)) as never;
  return other;
}
