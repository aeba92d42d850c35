import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import type { ScanReport } from '../../domain/index.ts';
import { onEngine } from '../io/docker/errors.ts';
import { scanBytes } from './bytes.ts';
import { decompressed, reasonOf } from './compressed.ts';
import { scanContent } from './content.ts';
import { formatOf, headBytes } from './formats.ts';
import { scanImageJson } from './image-json.ts';
import { outermost } from './nesting.ts';
import { createByteReader } from './reader.ts';
import { createSession, type PartCache, type ScanSession } from './session.ts';
import { tarEntries, type TarEntry } from './tar-entries.ts';

/**
 * Scans an image as the engine saves it, streamed and never unpacked to disk: what the configuration and the history say, and
 * every layer whole, so that a file which a later layer deletes is found. A layer that did not come, or not as its digest
 * says, makes the scan incomplete. Failures: IMAGE_GONE, ENGINE_UNREACHABLE.
 */
export async function scanImageInto(session: ScanSession, docker: Docker, id: string, cache?: PartCache): Promise<void> {
  const image = docker.getImage(id);
  const inspected = await onEngine('inspecting the image', () => image.inspect());
  const history = await onEngine('reading the history of the image', () => image.history());
  await scanTexts(session, inspected as unknown as Record<string, unknown>, history);
  const layers = new Set<string>(inspected.RootFS.Layers ?? []);
  const missing = await takeCached(session, layers, cache);
  if (missing.size === 0) return;
  const saved = await onEngine('saving the image', () => image.get());
  try {
    await scanSaved(session, saved as Readable, missing, layers.size, cache);
  } finally {
    (saved as Readable).destroy();
  }
  for (const diffId of missing) session.skip(shortId(diffId), [], 'the layer did not arrive whole; not scanned');
}

async function takeCached(session: ScanSession, layers: ReadonlySet<string>, cache: PartCache | undefined): Promise<Set<string>> {
  const missing = new Set<string>();
  for (const diffId of layers) {
    const known = await cache?.get(diffId);
    if (known) session.merge(known);
    else missing.add(diffId);
  }
  return missing;
}

/** A saved image is a tar of layers, configurations and a manifest, in whatever order and layout the engine's version has. */
async function scanSaved(session: ScanSession, saved: Readable, missing: Set<string>, total: number, cache: PartCache | undefined): Promise<void> {
  try {
    const entries = tarEntries(createByteReader(saved as AsyncIterable<Uint8Array>));
    let step = await entries.next();
    for (; step.done !== true; step = await entries.next()) {
      session.options.signal?.throwIfAborted();
      session.options.report?.({ message: 'scanning layers', done: total - missing.size, total });
      await scanPart(session, step.value, missing, cache);
    }
    if (step.value === false) session.skip('image', [], 'the saved image ends without its end mark');
  } catch (error) {
    session.options.signal?.throwIfAborted();
    session.skip('image', [], `the saved image is broken: ${reasonOf(error)}`);
  }
}

async function scanPart(session: ScanSession, entry: TarEntry, missing: Set<string>, cache: PartCache | undefined): Promise<void> {
  if (entry.kind !== 'file') return;
  const reader = createByteReader(entry.body);
  const format = formatOf(await reader.peek(headBytes), entry.name);
  if (format === 'tar') await scanLayer(session, reader.rest(), missing, cache);
  else if (format === 'gzip' || format === 'zstd') await scanLayer(session, decompressed(reader.rest(), format), missing, cache);
  else if (format === 'image-json') await scanImageJson(session, outermost(`image/${entry.name}`), reader);
  else await scanBytes(session, { path: `image/${entry.name}`, within: [] }, reader.rest());
}

/** Scans one layer into a report of its own, which is kept under its diff id; only a layer of this image counts. */
async function scanLayer(session: ScanSession, chunks: AsyncIterable<Uint8Array>, missing: Set<string>, cache: PartCache | undefined): Promise<void> {
  const hash = createHash('sha256');
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  }
  const part = createSession(session.options, session.fingerprintOf);
  await scanContent(part, outermost('layer'), hashed());
  const diffId = `sha256:${hash.digest('hex')}`;
  const report = byLayer(part.report(), diffId);
  session.merge(report);
  if (missing.delete(diffId) && report.complete) await cache?.put(diffId, report);
}

/** The entry of the layer becomes the finding's path, the layer's digest the first thing around it. */
function byLayer(report: ScanReport, diffId: string): ScanReport {
  const findings = report.findings.map((finding) => {
    const [path = finding.path, ...rest] = finding.within ?? [];
    return { ...finding, path, within: [diffId, ...rest] };
  });
  return { ...report, scanned: { ...report.scanned, layers: 1 }, findings };
}

/** Environment, labels, commands and history, each under its own name. */
async function scanTexts(session: ScanSession, inspected: Record<string, unknown>, history: { CreatedBy?: string; Comment?: string }[]): Promise<void> {
  const config = (inspected['Config'] ?? {}) as Record<string, unknown>;
  for (const part of ['Env', 'Labels', 'Cmd', 'Entrypoint', 'OnBuild', 'Healthcheck', 'Shell', 'User', 'WorkingDir', 'Volumes']) {
    await scanBytes(session, { path: `image configuration: ${part}`, within: [] }, inOne(linesOf(config[part])));
  }
  const about = [inspected['Comment'], inspected['Author'], inspected['RepoTags']].map(linesOf).join('\n');
  await scanBytes(session, { path: 'image configuration: about', within: [] }, inOne(about));
  const steps = history.map((step) => `${step.CreatedBy ?? ''} ${step.Comment ?? ''}`).join('\n');
  await scanBytes(session, { path: 'image history', within: [] }, inOne(steps));
}

function linesOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(linesOf).join('\n');
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value).map(([name, member]) => `${name}=${linesOf(member)}`).join('\n');
}

function shortId(diffId: string): string {
  return diffId.slice(0, 'sha256:'.length + 12);
}

async function* inOne(text: string): AsyncGenerator<Buffer> {
  if (text.length > 0) yield Buffer.from(text, 'utf8');
}
