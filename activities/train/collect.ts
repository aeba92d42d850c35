import type { Container } from 'dockerode';
import { blobKey, limits, mediaTypes, treeSizeBytes, type Artifact, type Tree } from '../../domain/index.ts';
import type { Dependencies } from '../dependencies.ts';
import { failure } from '../failure.ts';
import type { MaskFile } from '../io/blobs.ts';
import { archiveOf } from '../io/docker/volumes.ts';
import { putTree, treeFromTar } from '../io/trees.ts';
import type { StageContext } from '../stage.ts';
import { trainingDirectories } from './plan.ts';

export interface CollectedOutput {
  /** SHA-256 of the tree. */
  sha256: string;
  files: number;
  sizeBytes: number;
  /** The tree's manifest; the files' own bytes stand in it by their hashes. */
  artifact: Artifact;
}

/**
 * Keeps what a training wrote, streamed from the engine into the store and nowhere unpacked.
 * Failures: TRAIN_OUTPUT_MISSING, OUTPUT_UNSAFE, OUTPUT_TOO_LARGE, STORE_UNREACHABLE, those of `mask`.
 */
export async function collectOutput({ store, settings }: Dependencies, container: Container, context: StageContext, mask?: MaskFile): Promise<CollectedOutput> {
  context.report({ message: 'collecting the output' });
  const tree = await treeFromTar(store, await archiveOf(container, trainingDirectories.output), {
    maxBytes: limits.outputBytes,
    maxFiles: limits.outputFiles,
    tooLarge: 'OUTPUT_TOO_LARGE',
    unsafe: 'OUTPUT_UNSAFE',
    scratchDirectory: settings.scratchDirectory,
    signal: context.signal,
    report: context.report,
    ...(mask ? { mask } : {}),
  });
  const files = fileCount(tree);
  if (treeSizeBytes(tree) === 0) {
    throw failure('TRAIN_OUTPUT_MISSING', `the training ended with exit code 0 and left ${files === 0 ? 'nothing' : 'only empty files'} in ${trainingDirectories.output}`);
  }
  const sha256 = await putTree(store, tree);
  return { sha256, files, sizeBytes: treeSizeBytes(tree), artifact: await artifactOfTree(store, sha256) };
}

async function artifactOfTree(store: Dependencies['store'], sha256: string): Promise<Artifact> {
  const key = blobKey(sha256);
  const head = await store.head(key);
  if (!head) throw failure('STORE_CORRUPT', `the object ${key} is missing right after it was stored`);
  return { path: 'model/tree.json', role: 'model', key, sha256, sizeBytes: head.sizeBytes, mediaType: mediaTypes.tree };
}

function fileCount(tree: Tree): number {
  return tree.entries.filter((entry) => entry.type === 'file').length;
}
