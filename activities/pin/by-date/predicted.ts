import { canonical } from '../pip-specs.ts';
import { isWheel, versionOf, type IndexFile } from './files.ts';

/** Build tag of the wheels that stand for sdists: no builder makes it, and any real wheel of the version is preferred. */
const buildTag = '0reprise';

/**
 * Files as a resolver that must not build sees them: an sdist whose version has no wheel for every platform is also offered as
 * a wheel, whose metadata are read from the sdist. There is no such file, only its metadata.
 */
export function predictedFiles(project: string, files: readonly IndexFile[]): IndexFile[] {
  const universal = new Set(files.filter(({ filename }) => filename.endsWith('-none-any.whl')).map(({ filename }) => versionOf(filename, project)));
  const standIns = files.flatMap((file) => {
    const version = versionOf(file.filename, project);
    if (version === undefined || !isReadable(file.filename) || universal.has(version)) return [];
    const { sizeBytes: _size, metadata: _metadata, ...kept } = file;
    return [{ ...kept, hashes: {}, filename: standInName(project, version) }];
  });
  const named = new Map(standIns.map((each) => [each.filename, each]));
  return [...files.filter(({ filename }) => isWheel(filename)), ...named.values()];
}

/** The sdist that a wheel of `predictedFiles` stands for. */
export function sdistBehind(project: string, filename: string, files: readonly IndexFile[]): IndexFile | undefined {
  if (!filename.includes(`-${buildTag}-`)) return undefined;
  const matching = files.filter((file) => isReadable(file.filename) && standInName(project, versionOf(file.filename, project) ?? '') === filename);
  return matching.find((file) => /\.(?:tar\.gz|tgz)$/.test(file.filename)) ?? matching[0];
}

/** Sdists of other forms are few and old. */
function isReadable(filename: string): boolean {
  return /\.(?:tar\.gz|tgz|zip)$/.test(filename);
}

function standInName(project: string, version: string): string {
  return `${canonical(project).replaceAll('-', '_')}-${version.replaceAll('-', '_')}-${buildTag}-py2.py3-none-any.whl`;
}
