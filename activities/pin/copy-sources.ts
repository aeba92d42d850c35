import dockerignore from '@balena/dockerignore';
import { normalised, readText, type SourceFiles } from './source-files.ts';

/** The build context as the builder sees it: the files that .dockerignore leaves. */
export interface BuildContext {
  files: SourceFiles;
  ignores(path: string): boolean;
  /** What is wrong in .dockerignore; nothing is left out then, and the builder refuses it. */
  problem?: string;
}

export interface SourceMatch {
  /** Files and directories of the context that the source names. */
  matches: string[];
  /** Directories among them without a file: a submodule that is not checked out looks so. */
  empty?: string[];
  /** Where nothing matches: why, as far as the context tells. */
  missing?: { reason: 'absent' | 'ignored' | 'other-case' | 'outside'; near?: string };
}

/** Reads `<Dockerfile>.dockerignore` or `.dockerignore`; CR at line ends is no part of a pattern. */
export async function buildContext(files: SourceFiles, dockerfile: string): Promise<BuildContext> {
  const text = (await readText(files, `${dockerfile}.dockerignore`)) ?? (await readText(files, '.dockerignore'));
  const patterns = (text ?? '')
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line) => line.replace(/\r$/, ''));
  if (patterns.every((pattern) => pattern.trim() === '')) return { files, ignores: () => false };
  const filter = dockerignore.default({ ignorecase: false }).add(patterns);
  try {
    filter.ignores('any');
  } catch (error) {
    return { files, ignores: () => false, problem: error instanceof Error ? error.message : String(error) };
  }
  return { files, ignores: (path) => path !== '' && filter.ignores(path) };
}

/** What a source of COPY or ADD names, with wildcards as in Go's filepath.Match. */
export function matchSource(context: BuildContext, source: string): SourceMatch {
  if (/(^|\/)\.\.(\/|$)/.test(source) && climbsOut(source)) return { matches: [], missing: { reason: 'outside' } };
  const path = normalised(source);
  const kind = context.files.kindOf(path);
  if (kind !== undefined) {
    const kept = path === '' || !context.ignores(path) || (kind === 'directory' && context.files.below(path).some((each) => !context.ignores(each)));
    if (kept && kind === 'directory' && context.files.below(path).length === 0) return { matches: [path], empty: [path] };
    return kept ? { matches: [path] } : { matches: [], missing: { reason: 'ignored' } };
  }
  if (/[*?[]/.test(path)) return matchPattern(context, path);
  const near = nearest(context.files, path);
  return { matches: [], missing: near === undefined ? { reason: 'absent' } : { reason: 'other-case', near } };
}

/** Why a source of COPY is missing, in words. */
export function missingWords(match: SourceMatch): string {
  const { reason, near } = match.missing ?? { reason: 'absent' };
  if (reason === 'ignored') return 'it is in the build context but .dockerignore leaves it out';
  if (reason === 'other-case') return `the build context has ${near ?? 'it'} in other letters`;
  return reason === 'outside' ? 'it lies outside of the build context' : 'it is not in the build context';
}

function matchPattern(context: BuildContext, pattern: string): SourceMatch {
  const expression = patternOf(pattern);
  if (!expression) return { matches: [], missing: { reason: 'absent' } };
  const depth = pattern.split('/').length;
  const literal = pattern.slice(0, pattern.search(/[*?[]/));
  const below = context.files.below(literal.slice(0, Math.max(0, literal.lastIndexOf('/'))));
  const candidates = new Set(below.map((path) => path.split('/').slice(0, depth).join('/')));
  const matches = [...candidates].filter((path) => expression.test(path));
  const kept = matches.filter((path) => !context.ignores(path));
  if (kept.length > 0) return { matches: kept };
  return { matches: [], missing: { reason: matches.length > 0 ? 'ignored' : 'absent' } };
}

function patternOf(pattern: string): RegExp | undefined {
  const body = pattern.replaceAll(/\\(.)|\[(\^?)((?:[^\]\\]|\\.)*)\]|[*?.+^${}()|[\]]/g, (all, escaped, negated, set) => {
    if (escaped !== undefined) return `\\${escaped}`;
    if (set !== undefined) return `[${negated}${String(set).replaceAll('[', '\\[')}]`;
    if (all === '*') return '[^/]*';
    return all === '?' ? '[^/]' : `\\${all}`;
  });
  try {
    return new RegExp(`^${body}$`);
  } catch {
    return undefined; // A malformed pattern matches nothing, as in the builder.
  }
}

function nearest(files: SourceFiles, path: string): string | undefined {
  const wanted = path.toLowerCase();
  const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
  const scope = files.kindOf(parent) === 'directory' ? parent : '';
  const depth = path.split('/').length;
  return files
    .below(scope)
    .map((each) => each.split('/').slice(0, depth).join('/'))
    .find((each) => each.toLowerCase() === wanted);
}

function climbsOut(source: string): boolean {
  let depth = 0;
  for (const part of source.split('/')) {
    if (part === '..') depth -= 1;
    else if (part !== '' && part !== '.') depth += 1;
    if (depth < 0) return true;
  }
  return false;
}
