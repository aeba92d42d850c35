import type { ImageFiles } from './image-files.ts';

/** Where an image says which packages it has, in files whose content must be read. */
export const packageFiles = ['/var/lib/dpkg/status', '/lib/apk/db/installed'];

/** `name version` of every package of an image: Python's by the directories that describe them, the system's by its list. */
export function packagesOf(files: ImageFiles, contents: ReadonlyMap<string, Buffer>): Set<string> {
  const packages = new Set<string>();
  for (const path of files.keys()) {
    const python = /\/([^/]+)-([^/-]+)\.(?:dist|egg)-info(?:\/(?:METADATA|PKG-INFO))?$/.exec(path);
    if (python) packages.add(`${python[1]?.toLowerCase().replaceAll(/[-_.]+/g, '-')} ${python[2]}`);
    const conda = /\/conda-meta\/(.+)-([^-/]+)-[^-/]+\.json$/.exec(path);
    if (conda) packages.add(`${conda[1]} ${conda[2]}`);
  }
  for (const [path, bytes] of contents) if (packageFiles.includes(path)) for (const each of listed(bytes.toString('utf8'))) packages.add(each);
  return packages;
}

/** dpkg's and apk's lists are paragraphs, one a package. */
function listed(text: string): string[] {
  return text.split('\n\n').flatMap((paragraph) => {
    const dpkg = /^Package: (\S+)$[\s\S]*^Version: (\S+)$/m.exec(paragraph);
    if (dpkg) return /^Status: .* installed$/m.test(paragraph) ? [`${dpkg[1]} ${dpkg[2]}`] : [];
    const [name, version] = [/^P:(\S+)$/m.exec(paragraph), /^V:(\S+)$/m.exec(paragraph)];
    return name && version ? [`${name[1]} ${version[1]}`] : [];
  });
}
