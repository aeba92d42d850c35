import { canonical } from '../pip-specs.ts';

/**
 * The name by which builds know the package index that Reprise serves. No name server knows it: the proxy of the build
 * answers for it, so that the address in the pinned Dockerfile is the same on every machine and names the date.
 */
export const indexHost = 'index.reprise.internal';

/** `as-of` is what pip sees; `predicted` also offers sdists by what they say of themselves, for resolving without building. */
export type IndexView = 'as-of' | 'predicted';

/** Projects of which the index is seen as of a later instant than all others, by name. */
export type LaterProjects = Record<string, string>;

/**
 * Address of the index as it was just before an instant (ISO 8601, UTC), for PIP_INDEX_URL. What is seen as of a later instant
 * stands in the address too, so that the pinned Dockerfile says it: `…/as-of/2023-10-26T00:00:00.000Z+peft=2023-11-07T…/simple/`.
 */
export function indexAddress(before: string, view: IndexView = 'as-of', origin = `http://${indexHost}`, later: LaterProjects = {}): string {
  return `${origin}/${view}/${[before, ...Object.entries(later).map(([name, instant]) => `${name}=${instant}`)].join('+')}/simple/`;
}

/** Address of a constraints file that the index makes of requirements: `…/constraints/setuptools<58`. */
export function constraintsAddress(specs: readonly string[]): string {
  return `http://${indexHost}/constraints/${specs.join('/')}`;
}

/** The requirements that a path of constraints names; undefined where it is none. */
export function parseConstraintsPath(path: string): string[] | undefined {
  const [section, ...specs] = path.split('?')[0]?.split('/').slice(1).map(decoded) ?? [];
  const isConstraint = (spec: string): boolean => /^[A-Za-z0-9][\w.-]*(?:[=!<>~]=?=?[\w.*+!-]+)(?:,[=!<>~]=?=?[\w.*+!-]+)*$/.test(spec);
  return section === 'constraints' && specs.length > 0 && specs.every(isConstraint) ? specs : undefined;
}

/** `dates` is how the address names the date; `before` is what holds for the project. */
export type IndexRequest = { view: IndexView; dates: string; before: string } & (
  | { kind: 'page'; project: string; slash: boolean }
  | { kind: 'file' | 'metadata'; project: string; filename: string }
);

/** What a path of the index asks for; undefined where it is none of its. */
export function parseIndexPath(path: string): IndexRequest | undefined {
  const parts = path.split('?')[0]?.split('/').slice(1).map(decoded) ?? [];
  const [view, dates, section, project, filename, ...rest] = parts;
  if ((view !== 'as-of' && view !== 'predicted') || dates === undefined || !isProject(project)) return undefined;
  const before = instantFor(dates, project);
  if (before === undefined) return undefined;
  const asked = { view, dates, before, project } as const;
  if (section === 'simple' && rest.length === 0 && (filename === undefined || filename === '')) return { ...asked, kind: 'page', slash: filename === '' };
  if (section !== 'files' || filename === undefined || filename === '' || rest.length > 0) return undefined;
  const suffix = '.metadata';
  return filename.endsWith(suffix)
    ? { ...asked, kind: 'metadata', filename: filename.slice(0, -suffix.length) }
    : { ...asked, kind: 'file', filename };
}

/** The instants of all indexes that a pinned Dockerfile names. */
export function indexInstants(dockerfile: string): string[] {
  const pattern = new RegExp(`http://${indexHost.replaceAll('.', '\\.')}/as-of/([^/+]+)(?:\\+[^/]*)?/simple/`, 'g');
  return [...new Set([...dockerfile.matchAll(pattern)].map((match) => match[1] as string))];
}

/**
 * The first instant that is no longer on the date: dates count whole seconds, and a cut-off is exclusive, so that nothing
 * depends on a time zone or on whose end of a day is meant.
 */
export function cutOffAfter(date: string): string {
  return new Date((Math.floor(Date.parse(date) / 1_000) + 1) * 1_000).toISOString();
}

/** Of `2023-10-26T00:00:00.000Z+peft=2023-11-07T…`: the first instant, or the one that a project has for itself. */
function instantFor(dates: string, project: string): string | undefined {
  const [first = '', ...later] = dates.split('+');
  const own = later.map((each) => each.split('=')).find(([name]) => name === canonical(project))?.[1];
  return isInstant(first) && later.every((each) => isInstant(each.split('=')[1] ?? '')) ? (own ?? first) : undefined;
}

function isInstant(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/.test(text) && !Number.isNaN(Date.parse(text));
}

function isProject(name: string | undefined): name is string {
  return name !== undefined && /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,212}[A-Za-z0-9])?$/.test(name);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // No valid escape: then it names nothing that we have.
  }
}
