import { posix } from 'node:path';
import { wordsOf, type Dockerfile, type Stage } from './dockerfile.ts';
import { stepsOf } from './scope.ts';
import { caBundle } from './ca-bundle.ts';

/** Something of ours that stays in the image, and why it could not be kept out of it. */
export interface LeftBehind {
  what: string;
  why: string;
}

/**
 * What stays of ours in the last stage and those below it: the bundle that it trusts, and where an instruction takes the whole
 * context along, the directory in which the builder finds it. `trusting` are the stages that are given the bundle.
 */
export function leftBehind(dockerfile: Dockerfile, trusting: readonly Stage[]): LeftBehind[] {
  const last = dockerfile.stages.at(-1);
  if (!last || !trusting.includes(last)) return [];
  const lineage = new Set(lineageOf(dockerfile, last));
  const taken = stepsOf(dockerfile).flatMap(({ stage, instruction, scope }) => {
    const { keyword, flags, line } = instruction;
    if (!lineage.has(stage) || (keyword !== 'COPY' && keyword !== 'ADD') || flags['from'] !== undefined) return [];
    const words = wordsOf(instruction, dockerfile.escape, scope.lookup).map(({ value }) => value);
    const target = words.pop();
    if (target === undefined || !words.some(takesOurs)) return [];
    // A pattern takes the files out of the directory that it matches.
    const directory = words.some((word) => !/[*?]/.test(word));
    const what = posix.join(posix.resolve('/', scope.workdir, target), directory ? '.reprise' : '', '/');
    return [{ what, why: `line ${line} takes the whole context into the image, and with it what the build is given there: the CA bundle, settings of wget and apt that name it, and files of here-documents` }];
  });
  return [whatStays, ...taken];
}

const whatStays: LeftBehind = {
  what: caBundle.imageDirectory,
  why: 'the CA bundle by which the build fetches over TLS, and settings of wget and apt that name it; nothing in the image points there',
};

function lineageOf(dockerfile: Dockerfile, stage: Stage): Stage[] {
  const parent = stage.parent === undefined ? undefined : dockerfile.stages[stage.parent];
  return parent ? [stage, ...lineageOf(dockerfile, parent)] : [stage];
}

/** The context's root, or a pattern that its hidden directory matches too, as all of Go's do. */
function takesOurs(source: string): boolean {
  const path = posix.normalize(source).replace(/^\/+|\/+$/g, '');
  return path === '' || path === '.' || (/[*?]/.test(path) && matches(path, '.reprise'));
}

function matches(pattern: string, name: string): boolean {
  const body = pattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.');
  try {
    return new RegExp(`^${body}$`).test(name);
  } catch {
    return true; // A set that is no expression of ours: rather one line too much in the report.
  }
}
