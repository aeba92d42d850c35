import { canonical } from '../pip-specs.ts';

/** One file of a project, as the upstream index tells of it. */
export interface IndexFile {
  filename: string;
  /** Absolute. */
  url: string;
  /** By algorithm: `{ sha256: '…' }`. */
  hashes: Record<string, string>;
  requiresPython?: string;
  /** The reason, or true where none is given. */
  yanked?: string | true;
  /** ISO 8601, UTC. Without it the file is not offered: nobody knows whether it was there. */
  uploadedAt?: string;
  sizeBytes?: number;
  /** What upstream says of `<file>.metadata`: its SHA-256 where it is given. */
  metadata?: { sha256?: string };
}

export interface ProjectPage {
  project: string;
  files: IndexFile[];
  /** When upstream was asked. */
  fetchedAt: string;
  /** What does not fit in what upstream says, by file or version. */
  doubts: PageDoubt[];
}

export interface PageDoubt {
  /** A filename or a version. */
  about: string;
  doubt: string;
}

const sdistEnding = /\.(?:tar\.gz|tgz|tar\.bz2|tar\.xz|tar\.Z|tar|zip)$/i;

export function isWheel(filename: string): boolean {
  return filename.endsWith('.whl');
}

function isSdist(filename: string): boolean {
  return sdistEnding.test(filename);
}

/** The version that a file's name holds; undefined where the name is neither a wheel's nor an sdist's of this project. */
export function versionOf(filename: string, project: string): string | undefined {
  if (isWheel(filename)) {
    const [name = '', version] = filename.split('-');
    return canonical(name) === canonical(project) ? version : undefined;
  }
  if (!isSdist(filename)) return undefined;
  const stem = filename.replace(sdistEnding, '');
  for (let at = stem.indexOf('-'); at >= 0; at = stem.indexOf('-', at + 1)) {
    if (canonical(stem.slice(0, at)) === canonical(project)) return stem.slice(at + 1);
  }
  return undefined;
}

/** Uploaded before the instant. Files without a time never are. */
export function filesBefore(page: ProjectPage, before: string): IndexFile[] {
  const limit = Date.parse(before);
  return page.files.filter(({ uploadedAt }) => uploadedAt !== undefined && Date.parse(uploadedAt) < limit);
}
