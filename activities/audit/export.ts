import type { KeyObject } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { attestationKey, canonicalBytes, limits, manifestKey, mediaTypes, RunManifest, runPrefix, transparencyLogPrefix } from '../../domain/index.ts';
import { parseJson } from '../attest/bytes.ts';
import { publicKeyPem } from '../attest/keys.ts';
import { failure } from '../failure.ts';
import { forEachConcurrently } from '../io/concurrency.ts';
import { createDirectoryStore } from '../io/directory.ts';
import type { ObjectStore } from '../io/store.ts';
import { readSigned } from './attestation.ts';

export const exportedKeyPath = 'keys/signing.pub.pem';
const markerPath = 'export.json';
const Marker = z.object({ schema: z.literal('reprise.export/v1'), run: z.string() });

export interface ExportOptions {
  /** Copied beside the evidence, for auditors who have it confirmed by another way. */
  publicKey?: KeyObject | undefined;
  /** For an auditor who may see what the gate holds back; else only a publishable run is exported. */
  isPrivate?: boolean | undefined;
  signal?: AbortSignal;
  report?: (progress: { done: number; total: number }) => void;
}

/**
 * Copies everything that an audit of the run reads into a directory, under the store's own keys: manifest, attestation, every
 * object, the hash chain. What a broken-off export left is kept and completed.
 * Failures: REQUEST_INVALID where the directory holds something else or the run has no manifest, STORE_CORRUPT where an object
 * is missing or does not have its hash, NOT_PUBLISHABLE where a scan found a secret or was not complete, DISK_FULL.
 */
export async function exportRun(
  store: ObjectStore,
  run: string,
  directory: string,
  options: ExportOptions = {},
): Promise<{ objects: number; bytes: number }> {
  await refuseForeign(directory, run);
  const manifest = RunManifest.safeParse(parseJson(await store.get(manifestKey(run))));
  if (!manifest.success) throw failure('REQUEST_INVALID', `the run ${run} has no manifest: it has not been attested`);
  if (options.isPrivate !== true) await refuseUnpublishable(store, run);
  const copy = createDirectoryStore(directory);
  await copy.putIfAbsent(markerPath, canonicalBytes({ schema: 'reprise.export/v1', run }), mediaTypes.json);
  if (options.publicKey) await copy.putIfAbsent(exportedKeyPath, Buffer.from(publicKeyPem(options.publicKey)), mediaTypes.text);
  return copyAll(store, copy, manifest.data, options);
}

/** Only what was scanned whole and is clean, or was accepted, leaves the private store. */
async function refuseUnpublishable(store: ObjectStore, run: string): Promise<void> {
  const { statement } = await readSigned(store, run, []);
  const verdict = statement?.predicate.reprise_verdict;
  if (verdict?.publishable === true) return;
  const reasons = (verdict?.gates ?? []).flatMap(({ stage, closedBecause }) => closedBecause.map(({ rule, place }) => `${stage}: ${rule} in ${place}`));
  const shown = reasons.length === 0 ? 'its attestation does not say that it may be' : `${reasons.slice(0, 5).join('; ')}${reasons.length > 5 ? `; and ${reasons.length - 5} more` : ''}`;
  throw failure('NOT_PUBLISHABLE', `the run ${run} is not to be published: ${shown}. An auditor who may see secrets gets it with --private`);
}

async function copyAll(from: ObjectStore, to: ObjectStore, manifest: RunManifest, options: ExportOptions): Promise<{ objects: number; bytes: number }> {
  const listed = new Map(manifest.artifacts.map((artifact) => [artifact.key, artifact]));
  const others = (await keysOutside(from, manifest.run)).filter((key) => !listed.has(key));
  const copied = { objects: 0, bytes: 0 };
  const count = (sizeBytes: number): void => {
    options.signal?.throwIfAborted();
    copied.objects += 1;
    copied.bytes += sizeBytes;
    options.report?.({ done: copied.objects, total: listed.size + others.length });
  };
  await forEachConcurrently(listed.values(), limits.storeReadsInFlight, async (artifact) => {
    await copyObject(from, to, artifact);
    count(artifact.sizeBytes);
  });
  await forEachConcurrently(others, limits.storeReadsInFlight, async (key) => count(await copySmall(from, to, key)));
  return copied;
}

/** The run that a directory made by `exportRun` holds. Failures: REQUEST_INVALID. */
export async function findRunIn(directory: string): Promise<string> {
  const run = await exportedRun(directory);
  if (run === undefined) throw failure('REQUEST_INVALID', `${resolve(directory)} was not made by \`reprise export\`: it has no ${markerPath}`);
  return run;
}

async function refuseForeign(directory: string, run: string): Promise<void> {
  const entries = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw failure('REQUEST_INVALID', `exporting into ${resolve(directory)}: ${error.message}`, { cause: error });
  });
  // A half-written first file may be all that an interrupted export left.
  if (entries.every((entry) => entry === '.partial')) return;
  const other = await exportedRun(directory);
  if (other === run) return;
  throw failure('REQUEST_INVALID', `${resolve(directory)} ${other === undefined ? 'is not empty' : `holds the run ${other}`}; name a new directory`);
}

async function exportedRun(directory: string): Promise<string | undefined> {
  const text = await readFile(join(directory, markerPath)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  return Marker.safeParse(parseJson(text)).data?.run;
}

/** Small objects that the manifest does not list: itself, the attestation, the chain, and what was added to the run later. */
async function keysOutside(store: ObjectStore, run: string): Promise<string[]> {
  const keys = new Set([manifestKey(run), attestationKey(run)]);
  for (const prefix of [runPrefix(run), transparencyLogPrefix]) for await (const { key } of store.list(prefix)) keys.add(key);
  return [...keys];
}

async function copyObject(from: ObjectStore, to: ObjectStore, { key, sha256, sizeBytes, mediaType }: RunManifest['artifacts'][number]): Promise<void> {
  if (await to.head(key)) return;
  const body = await from.getStream(key);
  if (!body) throw failure('STORE_CORRUPT', `the object ${key} is missing`);
  await to.putStreamIfAbsent(key, { open: () => body, sizeBytes, sha256 }, mediaType);
}

async function copySmall(from: ObjectStore, to: ObjectStore, key: string): Promise<number> {
  const bytes = await from.get(key);
  if (!bytes) throw failure('STORE_CORRUPT', `the object ${key} is missing`);
  await to.putIfAbsent(key, bytes, mediaTypes.bytes);
  return bytes.byteLength;
}
