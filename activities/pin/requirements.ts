import { posix } from 'node:path';
import type { SourceFiles } from './source-files.ts';
import { readText } from './source-files.ts';

export interface RequirementLine {
  spec: string;
  /** Where it stands. */
  file: string;
  line: number;
}

export interface Requirements {
  lines: RequirementLine[];
  /** `--index-url`, `--extra-index-url`, `--find-links` in the file. */
  indexes: string[];
  constraints: Map<string, string>;
  /** Files that `-r` or `-c` name and that are not there. */
  missing: RequirementLine[];
}

/** Deepest chain of `-r` files. */
const maximumDepth = 8;

/** Reads a pip requirements file of the context and what it includes. */
export async function readRequirements(files: SourceFiles, path: string): Promise<Requirements | undefined> {
  const requirements: Requirements = { lines: [], indexes: [], constraints: new Map(), missing: [] };
  const found = await addFile(files, path, requirements, new Set(), false);
  return found ? requirements : undefined;
}

async function addFile(files: SourceFiles, path: string, into: Requirements, seen: Set<string>, constraints: boolean): Promise<boolean> {
  if (seen.has(path) || seen.size > maximumDepth) return true;
  const text = await readText(files, path);
  if (text === undefined) return false;
  seen.add(path);
  for (const { spec, line } of logicalLines(text)) {
    const include = /^(-r|--requirement|-c|--constraint)[\s=]*(\S+)/.exec(spec);
    const index = /^(?:-i|--index-url|--extra-index-url|-f|--find-links)[\s=]+(\S+)/.exec(spec)?.[1];
    if (include) {
      const target = posix.join(posix.dirname(path), include[2] as string);
      const there = await addFile(files, target, into, seen, constraints || /c/.test((include[1] as string).slice(0, 3)));
      if (!there) into.missing.push({ spec: target, file: path, line });
    } else if (index !== undefined) {
      into.indexes.push(index);
    } else if (constraints) {
      const fixed = /^([\w.-]+)(?:\[[^\]]*\])?\s*===?\s*([\w.!+-]+)/.exec(spec);
      if (fixed) into.constraints.set((fixed[1] as string).toLowerCase().replaceAll(/[-_.]+/g, '-'), fixed[2] as string);
    } else if (!/^--?[a-z]/.test(spec) || /^(-e|--editable)/.test(spec)) {
      into.lines.push({ spec: spec.replace(/^(-e|--editable)[\s=]*/, ''), file: path, line });
    }
  }
  return true;
}

function logicalLines(text: string): { spec: string; line: number }[] {
  const found: { spec: string; line: number }[] = [];
  let pending = '';
  let first = 0;
  for (const [index, raw] of text.split('\n').entries()) {
    if (pending === '') first = index + 1;
    const line = raw.replace(/\r$/, '');
    if (line.endsWith('\\')) {
      pending += line.slice(0, -1);
      continue;
    }
    const spec = (pending + line).replace(/(^|\s)#.*$/, '').trim();
    pending = '';
    if (spec !== '') found.push({ spec, line: first });
  }
  return found;
}
