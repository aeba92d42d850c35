import { posix } from 'node:path';
import { failure } from '../failure.ts';
import type { Dockerfile } from '../pin/dockerfile.ts';
import { roleOf, type RoleEvidence } from './evidence.ts';

/** A Dockerfile of the snapshot and what it seems to be for. */
export interface Candidate extends RoleEvidence {
  path: string;
  directory: string;
}

/** Most directories that a message lists. */
const mostListed = 20;

export function candidatesOf(dockerfiles: ReadonlyMap<string, Dockerfile>): Candidate[] {
  return [...dockerfiles].map(([path, dockerfile]) => ({ path, directory: posix.dirname(path), ...roleOf(path, dockerfile) }));
}

/**
 * The one serving Dockerfile of the submission that `picked` names: a directory, or a Dockerfile where a directory holds
 * several. Failures: NO_DOCKERFILE, SEVERAL_SUBMISSIONS listing what can be picked.
 */
export function pickServing(candidates: Candidate[], picked: string | undefined): Candidate {
  const below = candidates.filter(({ path }) => picked === undefined || picked === '.' || path === picked || path.startsWith(`${picked}/`));
  const where = picked === undefined ? 'the source' : picked;
  const serving = servingOf(below);
  if (below.length === 0) throw failure('NO_DOCKERFILE', `${where} holds no Dockerfile`);
  if (serving.length === 0) throw failure('NO_DOCKERFILE', `${where} holds no Dockerfile that serves, only ${listed(below.map(({ path }) => path))}`);
  const direct = picked === undefined ? [] : serving.filter(({ directory }) => directory === picked);
  const choice = direct.length > 0 ? direct : serving;
  if (choice.length > 1) throw failure('SEVERAL_SUBMISSIONS', `${where} holds ${choice.length} submissions: ${listed(namesOf(choice))}`, { choices: namesOf(choice) });
  return choice[0] as Candidate;
}

/**
 * The training Dockerfile that belongs to a serving one: the nearest in the tree, and of equally near ones the one whose path
 * shares most words with it ("4090_training_code" with "4090_submissions"). Undefined where none or several are left.
 */
export function pairTraining(serving: Candidate, candidates: Candidate[]): { chosen?: Candidate; undecided: Candidate[] } {
  const trains = candidates.filter(({ role, path }) => role === 'train' && path !== serving.path);
  const nearness = (each: Candidate): number => commonDepth(serving.directory, each.directory) * 1_000 + sharedWords(serving.path, each.path);
  const best = Math.max(...trains.map(nearness));
  const nearest = trains.filter((each) => nearness(each) === best);
  const [chosen] = nearest;
  return nearest.length === 1 && chosen ? { chosen, undecided: [] } : { undecided: nearest };
}

/** Where no Dockerfile seems to be for serving, those count whose command serves all the same. */
function servingOf(candidates: Candidate[]): Candidate[] {
  const serving = candidates.filter(({ role }) => role === 'serve');
  return serving.length > 0 ? serving : candidates.filter(({ commandServes }) => commandServes);
}

/** Directories; the Dockerfiles themselves where one directory holds several. */
function namesOf(serving: Candidate[]): string[] {
  return serving.map(({ path, directory }) => (serving.filter((each) => each.directory === directory).length > 1 ? path : directory));
}

function listed(names: string[]): string {
  const more = names.length - mostListed;
  return `${names.slice(0, mostListed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function commonDepth(one: string, other: string): number {
  const [a, b] = [partsOf(one), partsOf(other)];
  const differing = a.findIndex((part, index) => part !== b[index]);
  return differing === -1 ? a.length : differing;
}

function partsOf(directory: string): string[] {
  return directory === '.' ? [] : directory.split('/');
}

function sharedWords(one: string, other: string): number {
  const known = new Set(wordsIn(one));
  return new Set(wordsIn(other).filter((word) => known.has(word))).size;
}

function wordsIn(path: string): string[] {
  return path.toLowerCase().split(/[^a-z0-9]+/);
}
