import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { limits } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { isDockerfilePath } from '../intake/evidence.ts';
import { sourceFiles, type SourceFiles } from '../pin/source-files.ts';

/** Directories that hold no submission's own files. */
const skipped = new Set(['.git', 'node_modules', '__pycache__', '.venv', '__MACOSX']);
/** Largest file that is read: a Dockerfile, a script, a list of requirements. */
const readBytes = 4 * 1024 * 1024;

export interface DiskSource {
  files: SourceFiles;
  /** Dockerfiles to be checked, relative to the root. */
  dockerfiles: string[];
  root: string;
}

/**
 * A directory or a single Dockerfile on disk. Links are not followed.
 * Failures: SOURCE_NOT_FOUND, NO_DOCKERFILE, SOURCE_TOO_LARGE (files).
 */
export async function readDisk(path: string): Promise<DiskSource> {
  const found = await stat(path).catch((error: unknown) => {
    throw failure('SOURCE_NOT_FOUND', `${path} is not there or cannot be read`, { cause: error });
  });
  const root = found.isDirectory() ? path : await repositoryOf(dirname(path));
  const { paths, directories } = await listFiles(root);
  const dockerfiles = found.isDirectory()
    ? paths.filter(isDockerfilePath).sort()
    : [
        relative(root, isAbsolute(root) ? resolve(path) : path)
          .split(sep)
          .join('/'),
      ];
  if (dockerfiles.length === 0) throw failure('NO_DOCKERFILE', `${path} holds no Dockerfile`);
  return { root, dockerfiles, files: sourceFiles(paths, directories, (each) => readBounded(join(root, each))) };
}

/** The git repository that holds a directory, since its build context may lie above; the directory itself where there is none. */
async function repositoryOf(directory: string): Promise<string> {
  for (let above = resolve(directory); above !== dirname(above); above = dirname(above)) {
    if (
      await stat(join(above, '.git')).then(
        () => true,
        () => false,
      )
    )
      return above;
  }
  return directory;
}

interface Listing {
  paths: string[];
  /** Directories that are empty or not looked into. */
  directories: string[];
}

async function listFiles(root: string): Promise<Listing> {
  const paths: string[] = [];
  const directories: string[] = [];
  const pending = [root];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    const entries = await readdir(directory, { withFileTypes: true });
    // An empty directory is there all the same: a submodule that is not checked out.
    if (entries.length === 0 && directory !== root) directories.push(relative(root, directory).split(sep).join('/'));
    for (const entry of entries) {
      const full = join(directory, entry.name);
      const path = relative(root, full).split(sep).join('/');
      if (!entry.isDirectory()) paths.push(path);
      else if (skipped.has(entry.name)) directories.push(path);
      else pending.push(full);
      if (paths.length > limits.sourceFiles) throw failure('SOURCE_TOO_LARGE', `${root} holds more than ${limits.sourceFiles} files`);
    }
  }
  return { paths, directories };
}

async function readBounded(path: string): Promise<Uint8Array | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() && found.size <= readBytes ? await readFile(path) : undefined;
  } catch {
    return undefined; // A broken link or an unreadable file is a file whose text is unknown.
  }
}
