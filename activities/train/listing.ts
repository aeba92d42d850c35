import type { Container } from 'dockerode';
import { limits } from '../../domain/index.ts';
import { outputOf } from '../io/docker/execute.ts';
import { guardDirectories } from './guard.ts';

/** One file or link of a directory that a training writes to. */
export interface ListedFile {
  path: string;
  link: string | undefined;
  sizeBytes: number;
  executable: boolean;
  /** Changes when the file does: size, time of change and inode. */
  stamp: string;
}

/**
 * The checkpoint directory as the guard sees it, read-only and without a word of the training's; undefined where it cannot be listed
 * now. Names that are not valid UTF-8 are left out. Failures: ENGINE_UNREACHABLE.
 */
export async function listCheckpoints(guard: Container): Promise<ListedFile[] | 'too large' | undefined> {
  const format = String.raw`%y\t%s\t%m\t%T@ %i\t%l\t%P\0`;
  const kinds = ['(', '-type', 'f', '-o', '-type', 'l', ')'];
  const text = await outputOf(guard, ['find', guardDirectories.checkpoints, '-xdev', ...kinds, '-printf', format], limits.checkpointFiles * 500);
  if (text === undefined) return undefined;
  const files = text.split('\0').flatMap((line) => (line === '' || line.includes('\uFFFD') ? [] : [fileOf(line)]));
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return files.length <= limits.checkpointFiles && sizeBytes <= limits.checkpointBytes ? files : 'too large';
}

/** Bytes on disk of output, checkpoints and the volumes of the image's own. */
export async function volumeBytes(guard: Container): Promise<number | undefined> {
  // Each volume is a file system of its own; a directory that is not there has no others.
  const command = 'cd /watched && du -s -x --block-size=1 output checkpoints $(ls -d others/* 2>/dev/null)';
  const text = await outputOf(guard, ['sh', '-c', command], 10_000);
  return text?.split('\n').reduce((sum, line) => sum + Number(line.split('\t')[0]), 0);
}

function fileOf(line: string): ListedFile {
  const [kind, size, mode, stamp, link, ...path] = line.split('\t');
  return {
    path: path.join('\t'),
    link: kind === 'l' ? (link ?? '') : undefined,
    sizeBytes: Number(size),
    executable: (Number.parseInt(mode ?? '', 8) & 0o111) !== 0,
    stamp: `${size} ${stamp}`,
  };
}
