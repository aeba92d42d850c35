import { posix } from 'node:path';
import { type BuildContext, matchSource } from '../pin/copy-sources.ts';
import type { Dockerfile } from '../pin/dockerfile.ts';
import { directoryOf, type SourceFiles } from '../pin/source-files.ts';
import { copySources } from './evidence.ts';

export interface FoundContext {
  /** Relative to the snapshot; '.' for its root. */
  context: string;
  why: string;
}

/**
 * The directory that a Dockerfile is meant to be built in: the nearest one, from its own upwards, in which everything that COPY
 * and ADD name exists; its own where there is none such (229 of 251 Dockerfiles of the 2023 contest are built in their own).
 */
export function findContext(path: string, dockerfile: Dockerfile, files: SourceFiles): FoundContext {
  const own = posix.dirname(path);
  const sources = copySources(dockerfile);
  for (const directory of upwards(own)) {
    const missing = missingIn(directory, sources, files);
    if (missing.length === 0) return { context: directory, why: directory === own ? 'built in its own directory' : `what it copies lies in ${directory}` };
  }
  const missing = missingIn(own, sources, files);
  return { context: own, why: `built in its own directory, where ${missing.slice(0, 3).join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing` };
}

function missingIn(directory: string, sources: string[], files: SourceFiles): string[] {
  const context: BuildContext = { files: directoryOf(files, directory), ignores: () => false };
  return sources.filter((source) => matchSource(context, source).matches.length === 0);
}

function upwards(directory: string): string[] {
  return directory === '.' ? ['.'] : [directory, ...upwards(posix.dirname(directory))];
}
