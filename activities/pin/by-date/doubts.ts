import { compare, explain } from '@renovatebot/pep440';
import { versionOf, type IndexFile, type PageDoubt, type ProjectPage } from './files.ts';

/** Clocks of an index and ours may differ by this much. */
const clockMs = 24 * 3_600_000;

/**
 * Takes out of a page what contradicts itself or what the index said before: a file whose hash changed or whose time lies in
 * the future is not offered; a time that moved back counts as the later one; versions whose times go backwards are named.
 */
export function doubtPage(page: Omit<ProjectPage, 'doubts'>, earlier: ProjectPage | undefined, now: number): ProjectPage {
  const doubts: PageDoubt[] = [];
  const known = new Map(earlier?.files.map((file) => [file.filename, file]));
  const files = page.files.map((file) => trusted(file, known.get(file.filename), now, doubts));
  return { ...page, files, doubts: [...doubts, ...backwards({ ...page, files })] };
}

/** What makes a version or a file doubtful. */
export function doubtsAbout(page: ProjectPage, file: IndexFile): string[] {
  const version = versionOf(file.filename, page.project);
  return page.doubts.filter(({ about }) => about === file.filename || about === version).map(({ doubt }) => doubt);
}

function trusted(file: IndexFile, before: IndexFile | undefined, now: number, doubts: PageDoubt[]): IndexFile {
  const { uploadedAt, ...withoutTime } = file;
  const doubt = (text: string): void => void doubts.push({ about: file.filename, doubt: text });
  if (uploadedAt === undefined) return file;
  if (Date.parse(uploadedAt) > now + clockMs) return (doubt(`the index says it was uploaded ${uploadedAt}, which is yet to come`), withoutTime);
  if (before && hashChanged(before, file)) return (doubt('the index gave this file another hash before'), withoutTime);
  if (before?.uploadedAt === undefined || Date.parse(before.uploadedAt) === Date.parse(uploadedAt)) return file;
  doubt(`the index said before that it was uploaded ${before.uploadedAt}, and now ${uploadedAt}`);
  return Date.parse(before.uploadedAt) > Date.parse(uploadedAt) ? { ...file, uploadedAt: before.uploadedAt } : file;
}

function hashChanged(before: IndexFile, after: IndexFile): boolean {
  return Object.entries(before.hashes).some(([algorithm, value]) => after.hashes[algorithm] !== undefined && after.hashes[algorithm] !== value);
}

/**
 * Final versions of one series (1.4.0, 1.4.1, 1.4.2) appear in their order; a mirror that stamps files when it copies them
 * shows otherwise. Series among each other need no order: 1.4.9 may follow 2.0.
 */
function backwards(page: Pick<ProjectPage, 'project' | 'files'>): PageDoubt[] {
  const series = new Map<string, { version: string; first: number }[]>();
  for (const [version, first] of firstUploads(page)) {
    const parsed = explain(version);
    if (!parsed || parsed.is_prerelease || parsed.is_postrelease || parsed.release.length < 2) continue;
    const key = `${parsed.epoch}!${parsed.release.slice(0, -1).join('.')}`;
    series.set(key, [...(series.get(key) ?? []), { version, first }]);
  }
  return [...series.values()].flatMap((versions) => {
    const ordered = versions.sort((a, b) => compare(a.version, b.version));
    return ordered.slice(1).flatMap(({ version, first }, index) => {
      const previous = ordered[index] as { version: string; first: number };
      return first >= previous.first ? [] : [{ about: version, doubt: `time goes backwards: ${version} was uploaded before ${previous.version}` }];
    });
  });
}

function firstUploads({ project, files }: Pick<ProjectPage, 'project' | 'files'>): Map<string, number> {
  const first = new Map<string, number>();
  for (const file of files) {
    const version = versionOf(file.filename, project);
    if (version === undefined || file.uploadedAt === undefined) continue;
    first.set(version, Math.min(first.get(version) ?? Infinity, Date.parse(file.uploadedAt)));
  }
  return first;
}
