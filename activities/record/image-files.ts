import { createHash } from 'node:crypto';
import { basename, dirname, join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { extract, type Header } from 'tar-stream';
import { z } from 'zod';
import { onEngine } from '../io/docker/errors.ts';

/** One path as a container sees it. */
export interface ImageFile {
  type: string;
  /** Type, permissions, owner and link target: everything but content and time. */
  form: string;
  modifiedAt: number;
  sizeBytes: number;
  /** Of a plain file's content; empty otherwise. */
  sha256: string;
}

export type ImageFiles = Map<string, ImageFile>;

/** What an image holds, its layers put over each other. Failures: IMAGE_GONE, ENGINE_UNREACHABLE. */
export async function imageFiles(docker: Docker, id: string): Promise<ImageFiles> {
  return mergedLayers(docker, id, async (header, body) => {
    const hash = createHash('sha256');
    for await (const chunk of body as AsyncIterable<Buffer>) hash.update(chunk);
    return fileOf(header, header.type === 'file' ? hash.digest('hex') : '');
  });
}

/** The contents of some plain files of an image, by their paths. */
export async function imageContents(docker: Docker, id: string, paths: ReadonlySet<string>): Promise<Map<string, Buffer>> {
  return mergedLayers(docker, id, async (header, body) => {
    const wanted = header.type === 'file' && paths.has(pathOf(header.name));
    if (!wanted) body.resume();
    return wanted ? await buffer(body) : undefined;
  });
}

const Manifest = z.array(z.object({ Layers: z.array(z.string()) }));

type Read<Value> = (header: Header, body: Readable) => Promise<Value>;

/** The engine gives an image as a tar of layer tars, in no order; its manifest says theirs. */
async function mergedLayers<Value>(docker: Docker, id: string, read: Read<Value>): Promise<Map<string, Exclude<Value, undefined>>> {
  const saved = (await onEngine(`reading the image ${id}`, () => docker.getImage(id).get())) as Readable;
  const layers = new Map<string, Map<string, Value>>();
  const links = new Map<string, string>();
  let manifest: string[] = [];
  await eachEntry(saved, async ({ name, type, linkname }, body) => {
    if (name === 'manifest.json') manifest = Manifest.parse(JSON.parse((await buffer(body)).toString('utf8')))[0]?.Layers ?? [];
    else if (name.endsWith('/layer.tar') && type === 'symlink') links.set(name, posix.join(dirname(name), linkname ?? ''));
    else if (name.endsWith('/layer.tar')) layers.set(name, await layerOf(body, read));
    body.resume();
  });
  const merged = new Map<string, Exclude<Value, undefined>>();
  for (const name of manifest) cover(merged, layers.get(links.get(name) ?? name) ?? new Map<string, Value>());
  return merged;
}

async function layerOf<Value>(body: Readable, read: Read<Value>): Promise<Map<string, Value>> {
  const entries = new Map<string, Value>();
  await eachEntry(body, async (header, content) => {
    entries.set(pathOf(header.name), await read(header, content));
    content.resume();
  });
  return entries;
}

const whiteout = '.wh.';
const opaque = '.wh..wh..opq';

/** Whiteouts take away what lower layers have; they themselves are no files. */
function cover<Value>(merged: Map<string, Exclude<Value, undefined>>, layer: Map<string, Value>): void {
  for (const path of layer.keys()) {
    const name = basename(path);
    if (name === opaque) removeBelow(merged, dirname(path), false);
    else if (name.startsWith(whiteout)) removeBelow(merged, join(dirname(path), name.slice(whiteout.length)), true);
  }
  for (const [path, value] of layer) {
    if (basename(path).startsWith(whiteout)) continue;
    if (value === undefined) merged.delete(path);
    else merged.set(path, value as Exclude<Value, undefined>);
  }
}

function removeBelow(merged: Map<string, unknown>, directory: string, itself: boolean): void {
  if (itself) merged.delete(directory);
  for (const path of merged.keys()) if (path.startsWith(`${directory}/`)) merged.delete(path);
}

async function eachEntry(tar: Readable, visit: (header: Header, body: Readable) => Promise<void>): Promise<void> {
  const entries = extract();
  tar.on('error', (error) => (entries as unknown as Readable).destroy(error));
  tar.pipe(entries as unknown as NodeJS.WritableStream);
  for await (const entry of entries) await visit(entry.header, entry as unknown as Readable);
}

function fileOf({ type, mode, uid, gid, linkname, mtime, size }: Header, sha256: string): ImageFile {
  const form = [type, (mode ?? 0).toString(8), uid ?? 0, gid ?? 0, linkname ?? ''].join(' ');
  return { type: type ?? 'file', form, modifiedAt: mtime?.getTime() ?? 0, sizeBytes: size ?? 0, sha256 };
}

function pathOf(name: string): string {
  return `/${name.replace(/^\.?\//, '').replace(/\/$/, '')}`;
}
