/** A directory of a submission as the analysis sees it: on disk, in a stored tree, or in a test's table. Paths are relative. */
export interface SourceFiles {
  /** Undefined where nothing of this name is there. */
  kindOf(path: string): 'file' | 'directory' | undefined;
  /** All files at or below a directory ('' = all), relative to this root, sorted. */
  below(directory: string): string[];
  /** The bytes of a file; undefined where there is none or where they are not kept. */
  read(path: string): Promise<Uint8Array | undefined>;
}

/** A view of a list of files. Links count as files: where they lead shows only while building. */
export function sourceFiles(paths: Iterable<string>, directories: Iterable<string>, read: SourceFiles['read']): SourceFiles {
  const files = [...paths].sort(byCodeUnits);
  const known = new Map<string, 'file' | 'directory'>([['', 'directory']]);
  for (const directory of directories) known.set(directory, 'directory');
  for (const file of files) {
    for (let slash = file.lastIndexOf('/'); slash > 0; slash = file.lastIndexOf('/', slash - 1)) {
      const parent = file.slice(0, slash);
      if (known.get(parent) === 'directory') break;
      known.set(parent, 'directory');
    }
    known.set(file, 'file');
  }
  return {
    kindOf: (path) => known.get(normalised(path)),
    below(directory) {
      const prefix = normalised(directory);
      return prefix === '' ? files : files.slice(lowerBound(files, `${prefix}/`), lowerBound(files, `${prefix}0`));
    },
    read: (path) => read(normalised(path)),
  };
}

/** The same files seen from one of their directories. */
export function directoryOf(files: SourceFiles, directory: string): SourceFiles {
  const prefix = normalised(directory);
  if (prefix === '') return files;
  const inside = (path: string): string => (normalised(path) === '' ? prefix : `${prefix}/${normalised(path)}`);
  return {
    kindOf: (path) => files.kindOf(inside(path)),
    below: (path) => files.below(inside(path)).map((each) => each.slice(prefix.length + 1)),
    read: (path) => files.read(inside(path)),
  };
}

/** Text of a file, or undefined where it is missing, larger than `limitBytes`, or no UTF-8. */
export async function readText(files: SourceFiles, path: string, limitBytes = 1024 * 1024): Promise<string | undefined> {
  const bytes = await files.read(path);
  if (!bytes || bytes.byteLength > limitBytes) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** `./a//b/` -> `a/b`; '' for the root. */
export function normalised(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** '0' is the character after '/', so that a directory's files are one slice. */
function lowerBound(sorted: string[], value: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as string) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
