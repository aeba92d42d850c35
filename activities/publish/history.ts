import { lstat, mkdir, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Replacement } from '../../domain/index.ts';
import { failure } from '../failure.ts';
import { forEachObject, git, openObjects, type ObjectFormat } from './git.ts';
import { placesOf } from './places.ts';
import type { Redact, Redacted } from './redaction.ts';
import { createRewriter, type Rewriter } from './rewriter.ts';
import { openRewriting, type Rewriting } from './rewriting.ts';

export interface PublishedHistory {
  objects: number;
  /** Objects that are not what they were. */
  rewritten: number;
  /** Names of branches, tags and notes, with what each points at. */
  refs: Record<string, string>;
  replaced: Replacement[];
  leftOut: string[];
}

/**
 * Writes a bare repository with everything that branches, tags and notes of another one reach, each secret replaced by its
 * marker: in texts, names, links, messages, authors, tags and names of refs. What nothing reaches, reflogs and stashes stay
 * behind; binaries are never patched. The original is only read. Failures: SOURCE_UNREADABLE, SOURCE_UNSAFE_PATH where its
 * objects are another repository's, SOURCE_TOO_LARGE.
 */
export async function publishHistory(source: string, target: string, redact: Redact, signal?: AbortSignal): Promise<PublishedHistory> {
  const format = await borrow(source, target, signal);
  const tips = await readTips(source, signal);
  const reader = openObjects(target);
  const rewriting = openRewriting(target, format, redact, reader);
  const rewriter = createRewriter(rewriting);
  try {
    await rewriteAll(target, tips.kept, rewriter, signal);
    const refs = await writeRefs(source, target, tips.kept, rewriter, rewriting, signal);
    await ownObjects(target, signal);
    const objects = await reachable(target, Object.values(refs), signal);
    return {
      objects: objects.length,
      rewritten: rewriting.rewritten(),
      refs,
      replaced: await withPlaces(target, rewriting, signal),
      leftOut: [...tips.leftOut, ...rewriter.leftOut(), 'reflogs, hooks, configuration and what no branch, tag or note reaches'],
    };
  } finally {
    await reader.close();
  }
}

/** A repository of our own that finds the source's objects, so that nothing of the source's configuration is read while they are. */
async function borrow(source: string, target: string, signal: AbortSignal | undefined): Promise<ObjectFormat> {
  await refuseForeign(source);
  const format = (await git(source, ['rev-parse', '--show-object-format'], { signal })).trim() as ObjectFormat;
  await mkdir(target, { recursive: true });
  await git(target, ['init', '--quiet', '--bare', '--template=', `--object-format=${format}`, target], { signal });
  await mkdir(join(target, 'objects', 'info'), { recursive: true });
  await writeFile(join(target, 'objects', 'info', 'alternates'), `${join(await realpath(source), 'objects')}\n`);
  return format;
}

/** Objects that a submission borrows from elsewhere on this machine are not the submission's to publish. */
async function refuseForeign(source: string): Promise<void> {
  for (const name of ['objects/info/alternates', 'commondir']) {
    if (await lstat(join(source, name)).catch(() => undefined)) throw failure('SOURCE_UNSAFE_PATH', `the history borrows from another repository (${name})`);
  }
  for (const directory of ['objects', 'refs']) {
    const found = await lstat(join(source, directory)).catch(() => undefined);
    if (!found?.isDirectory()) throw failure('SOURCE_UNREADABLE', `${source} is no repository: it has no directory ${directory}`);
    const entries = await readdir(join(source, directory), { recursive: true, withFileTypes: true });
    const link = entries.find((entry) => entry.isSymbolicLink());
    if (link) throw failure('SOURCE_UNSAFE_PATH', `the history holds a link that may lead elsewhere: ${link.name}`);
  }
}

interface Tip {
  ref: string;
  id: string;
}

/** A person's own working state, and what stands for other objects. */
const leftOutRefs = /^refs\/(?:stash|original|replace|bisect|worktree|rewritten|prefetch)(?:\/|$)/;

async function readTips(source: string, signal: AbortSignal | undefined): Promise<{ kept: Tip[]; leftOut: string[] }> {
  const lines = (await git(source, ['for-each-ref', '--format=%(objectname) %(refname)'], { signal })).split('\n').filter((line) => line !== '');
  const tips = lines.map((line): Tip => ({ id: line.slice(0, line.indexOf(' ')), ref: line.slice(line.indexOf(' ') + 1) }));
  const kept = tips.filter(({ ref }) => !leftOutRefs.test(ref));
  return { kept, leftOut: tips.filter((tip) => !kept.includes(tip)).map(({ ref }) => `${ref}: not published`) };
}

/** Blobs in one pass; then commits, parents first, with their trees; notes last, since they are named after commits. */
async function rewriteAll(target: string, tips: readonly Tip[], rewriter: Rewriter, signal: AbortSignal | undefined): Promise<void> {
  const notes = tips.filter(isNote);
  await forEachObject(target, await reachable(target, tips.map(({ id }) => id), signal), async (id, object) => {
    signal?.throwIfAborted();
    await rewriter.look(id, object);
  });
  for (const [some, isNotes] of [[tips.filter((tip) => !isNote(tip)), false], [notes, true]] as const) {
    const commits = await revisions(target, ['--topo-order', '--reverse'], some.map(({ id }) => id), signal);
    for (const id of commits) await rewriter.commit(id, isNotes);
  }
}

function isNote({ ref }: Tip): boolean {
  return ref.startsWith('refs/notes/');
}

async function reachable(target: string, ids: readonly string[], signal: AbortSignal | undefined): Promise<string[]> {
  return revisions(target, ['--objects', '--no-object-names'], ids, signal);
}

async function revisions(target: string, args: readonly string[], ids: readonly string[], signal: AbortSignal | undefined): Promise<string[]> {
  if (ids.length === 0) return [];
  const listed = await git(target, ['rev-list', ...args, '--stdin'], { input: ids.map((id) => `${id}\n`).join(''), signal });
  return listed.split('\n').filter((line) => line !== '');
}

async function writeRefs(source: string, target: string, tips: readonly Tip[], rewriter: Rewriter, { redact, noted }: Rewriting, signal: AbortSignal | undefined): Promise<Record<string, string>> {
  const refs: Record<string, string> = {};
  const named = async (ref: string): Promise<string> => {
    const redaction = await redact(Buffer.from(ref));
    if (redaction) noted.push({ place: redaction.bytes.toString(), what: 'ref', redacted: redaction.redacted });
    return redaction?.bytes.toString() ?? ref;
  };
  for (const { ref, id } of tips) refs[await named(ref)] = await rewriter.any(id);
  await git(target, ['update-ref', '--stdin'], { input: Object.entries(refs).map(([ref, id]) => `create ${ref} ${id}\n`).join(''), signal });
  const head = await git(source, ['symbolic-ref', '--quiet', 'HEAD'], { signal }).catch(() => '');
  if (head.trim() !== '') await git(target, ['symbolic-ref', 'HEAD', await named(head.trim())], { signal });
  return refs;
}

/** Takes over what was only borrowed, and drops what nothing reaches. */
async function ownObjects(target: string, signal: AbortSignal | undefined): Promise<void> {
  await git(target, ['repack', '-a', '-d', '-q'], { signal });
  await rm(join(target, 'objects', 'info', 'alternates'));
  await git(target, ['prune', '--expire=now'], { signal });
  await git(target, ['fsck', '--connectivity-only', '--no-dangling'], { signal });
}

/** Which commits brought a changed object in, and under which names. */
async function withPlaces(target: string, { noted }: Rewriting, signal: AbortSignal | undefined): Promise<Replacement[]> {
  const places = await placesOf(target, new Set(noted.flatMap(({ object }) => (object === undefined ? [] : [object]))), signal);
  return noted.flatMap(({ object, place, what, redacted }) => {
    const found = object === undefined ? [] : (places.get(object) ?? []);
    if (found.length === 0) return [replacement(place, what, redacted)].flat();
    return found.flatMap(({ path, commits }) => replacement(path, what, redacted).map((each) => ({ ...each, commits })));
  });
}

function replacement(path: string, what: Replacement['what'], redacted: readonly Redacted[]): Replacement[] {
  return redacted.map((each) => ({ path, what, ...each }));
}
