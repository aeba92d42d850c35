import { findContext } from '../intake/context.ts';
import { buildContext } from '../pin/copy-sources.ts';
import type { Dockerfile } from '../pin/dockerfile.ts';
import { analyse, type Analysis } from '../pin/inputs.ts';
import { directoryOf, type SourceFiles } from '../pin/source-files.ts';

export interface ReadContext {
  /** Relative to the root; '.' for the root itself. */
  path: string;
  evidence: string;
  analysis: Analysis;
}

/** The analysis in the build context that intake would take, or in the one that is given. */
export async function readContext(files: SourceFiles, path: string, dockerfile: Dockerfile, given: { context: string; why: string } | undefined): Promise<ReadContext> {
  const found = given ?? findContext(path, dockerfile, files);
  const inside = path.startsWith(`${found.context}/`) ? path.slice(found.context.length + 1) : path;
  const context = await buildContext(directoryOf(files, found.context), inside);
  return { path: found.context, evidence: found.why, analysis: await analyse(dockerfile, context) };
}
