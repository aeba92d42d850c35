import { posix } from 'node:path';
import { type CheckedManifest, limits, type PlannedImage, type ServeApi } from '../../domain/index.ts';
import { outcomeOf } from '../failure.ts';
import { manifestName, parseManifest } from '../intake/manifest.ts';
import { manifestImage } from '../intake/plan.ts';
import type { SourceFiles } from '../pin/source-files.ts';
import { finding } from './findings/finding.ts';

/** What a manifest says of one Dockerfile; it goes before all evidence. */
export interface Declared extends PlannedImage {
  port?: number | undefined;
  api?: ServeApi | undefined;
}

export interface ReadManifests {
  checked: CheckedManifest[];
  /** By path of the Dockerfile. */
  declared: Map<string, Declared>;
}

/** Every `reprise.yaml` of a source, read as intake reads it: what intake would refuse is a finding. */
export async function readManifests(files: SourceFiles): Promise<ReadManifests> {
  const checked: CheckedManifest[] = [];
  const declared = new Map<string, Declared>();
  for (const path of files.below('').filter((each) => posix.basename(each) === manifestName)) {
    try {
      for (const image of imagesOf((await files.read(path)) ?? Buffer.alloc(limits.manifestBytes + 1), path, files)) declared.set(image.dockerfile, image);
      checked.push({ path, findings: [] });
    } catch (error) {
      if (outcomeOf(error)?.code !== 'MANIFEST_INVALID') throw error;
      const { message } = error as Error;
      // The message begins with the path and, where there is one, the line.
      const line = Number(/^ line (\d+)/.exec(message.slice(path.length))?.[1] ?? 1);
      checked.push({ path, findings: [finding('MANIFEST_INVALID', 'error', line, message)] });
    }
  }
  return { checked, declared };
}

function imagesOf(bytes: Uint8Array, path: string, files: SourceFiles): Declared[] {
  const read = parseManifest(bytes, path);
  const { port, api } = read.manifest.serve;
  return [...manifestImage(read, 'serve', files).map((image) => ({ ...image, port, api })), ...manifestImage(read, 'train', files)];
}
