import { explain, rcompare, satisfies, valid } from '@renovatebot/pep440';
import { cutOffAfter } from '../../pin/by-date/address.ts';
import { isWheel, versionOf, type IndexFile, type ProjectPage } from '../../pin/by-date/files.ts';
import { canonical } from '../../pin/pip-specs.ts';
import type { Breakage } from './breakages.ts';

/** What decides which remedy of a breakage can be tried. */
export interface Facts {
  /** The instant of which the build sees the package index; undefined where it sees none as of a date. */
  before: string | undefined;
  /** The build's base is not the image that the submission names. */
  replacedBase: boolean;
  /** An archive of retired suites is configured. */
  aptArchive: boolean;
  /** Of the package that the breakage is about; undefined where it is about none, or the index has none of this name. */
  package: PackageFacts | undefined;
}

export interface PackageFacts {
  name: string;
  /** The newest version that would fit, and is yanked. */
  yanked?: string;
  /** When the first version that fits had appeared (exclusive). */
  appeared?: { version: string; before: string };
  /** Whether there was, as of the date, a wheel for the image's Python that fits. */
  hadWheel: boolean;
  /** When the first such wheel had appeared (exclusive). */
  wheelAppeared?: { version: string; before: string };
}

/** The requirement whose package the index is asked about. */
export function requirementOf({ row, named, building }: Breakage): string | undefined {
  return row.speaker === 'apt' ? undefined : (named['requirement'] ?? building);
}

/** `executing<2.0.1,>=2` in its parts; undefined for what is no name with specifiers. */
export function readRequirement(text: string): { name: string; specifiers: string } | undefined {
  const match = /^([A-Za-z0-9][\w.-]*?)\s*(?:\[[^\]]*\])?\s*\(?((?:[=!<>~]=?=?[^;()]*)?)\)?\s*(?:;.*)?$/.exec(text.trim());
  return match ? { name: canonical(match[1] as string), specifiers: (match[2] as string).replaceAll(/\s/g, '') } : undefined;
}

/** What the index tells of a package: pure, so that the same page and date give the same repair. */
export function packageFacts(page: ProjectPage, specifiers: string, before: string, python: number | undefined): PackageFacts {
  const releases = releasesOf(page, specifiers);
  const fitting = releases.filter(({ files }) => files.some((file) => isFor(file, python)));
  const isYanked = ({ files }: Release): boolean => files.every(({ yanked }) => yanked !== undefined);
  const yanked = fitting.filter((release) => isYanked(release) && release.at < Date.parse(before)).map(({ version }) => version);
  const wheels = releases.map((release) => ({ ...release, ...timesOf(release.files.filter((file) => isWheel(file.filename) && isFor(file, python) && file.yanked === undefined)) }));
  const hadWheel = wheels.some(({ at }) => at < Date.parse(before));
  const newest = yanked.sort(rcompare)[0];
  const appeared = firstAfter(fitting.filter((release) => !isYanked(release)), before);
  const wheelAppeared = python === undefined ? undefined : firstAfter(wheels, before);
  return { name: page.project, hadWheel: python !== undefined && hadWheel, ...(newest === undefined ? {} : { yanked: newest }), ...(appeared ? { appeared } : {}), ...(wheelAppeared ? { wheelAppeared } : {}) };
}

interface Release {
  version: string;
  files: IndexFile[];
  /** Of its first file; Infinity where it has none. */
  at: number;
  /** Of its last file within a day: later ones are for Pythons that came later. */
  complete: number;
}

function releasesOf({ project, files }: ProjectPage, specifiers: string): Release[] {
  const byVersion = new Map<string, IndexFile[]>();
  for (const file of files) {
    const version = versionOf(file.filename, project);
    if (version === undefined || !valid(version) || (specifiers !== '' && !satisfies(version, specifiers))) continue;
    if (specifiers === '' && explain(version)?.is_prerelease) continue;
    byVersion.set(version, [...(byVersion.get(version) ?? []), file]);
  }
  return [...byVersion].map(([version, found]) => ({ version, files: found, ...timesOf(found) }));
}

function timesOf(files: readonly IndexFile[]): Pick<Release, 'at' | 'complete'> {
  const times = files.flatMap(({ uploadedAt }) => (uploadedAt === undefined ? [] : [Date.parse(uploadedAt)]));
  const at = Math.min(...times);
  return { at, complete: Math.max(...times.filter((time) => time <= at + 24 * 3_600_000)) };
}

function firstAfter(releases: readonly Release[], before: string): { version: string; before: string } | undefined {
  const later = releases.filter(({ at }) => Number.isFinite(at) && at >= Date.parse(before)).sort((a, b) => a.at - b.at)[0];
  return later && { version: later.version, before: cutOffAfter(new Date(later.complete).toISOString()) };
}

/** Whether pip of this Python on x86-64 Linux takes the file, as far as its name and `requires-python` tell. */
function isFor({ filename, requiresPython }: IndexFile, python: number | undefined): boolean {
  if (python === undefined) return true;
  if (requiresPython !== undefined && !satisfiesPython(python, requiresPython)) return false;
  if (!isWheel(filename)) return true;
  const [tags = '', abi = '', platform = ''] = filename.replace(/\.whl$/, '').split('-').slice(-3);
  if (platform !== 'any' && !/linux.*_x86_64/.test(platform)) return false;
  return tags.split('.').some((tag) => {
    const exact = /^(?:py3|cp3|py2\.py3)$/.test(tag) || tag === `cp3${python}` || tag === `py3${python}`;
    const stable = /^cp3(\d+)$/.exec(tag)?.[1];
    return exact || (abi.includes('abi3') && stable !== undefined && Number(stable) <= python);
  });
}

function satisfiesPython(python: number, specifiers: string): boolean {
  try {
    // The patch level is not known; the middle of a line fits every bound that is written for a minor version.
    return satisfies(`3.${python}.9`, specifiers);
  } catch {
    return true; // A bound that cannot be read is pip's to judge.
  }
}
