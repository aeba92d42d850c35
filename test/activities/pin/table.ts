import { buildContext } from '../../../activities/pin/copy-sources.ts';
import { parseDockerfile } from '../../../activities/pin/dockerfile.ts';
import { analyse } from '../../../activities/pin/inputs.ts';
import { sourceFiles, type SourceFiles } from '../../../activities/pin/source-files.ts';
import type { BuildInput } from '../../../domain/index.ts';

/** A build context as a table of names and texts. */
export function filesOf(texts: Record<string, string>, directories: string[] = []): SourceFiles {
  return sourceFiles(Object.keys(texts), directories, async (path) => (texts[path] === undefined ? undefined : Buffer.from(texts[path])));
}

export async function inputsOf(dockerfile: string, texts: Record<string, string> = {}): Promise<BuildInput[]> {
  return (await analyse(parseDockerfile(Buffer.from(dockerfile)), await buildContext(filesOf(texts), 'Dockerfile'))).inputs;
}
