import type { GitObject } from './git.ts';
import { formatText, parseText, type GitId } from './git-objects.ts';
import { isLargeFilePointer, pointersLeftOut } from './large-files.ts';
import { isPatchable } from './redaction.ts';
import { createTreeRewriter } from './rewrite-trees.ts';
import type { Rewriting } from './rewriting.ts';

/** Makes of each object of a history the one that is published; each is made once and then known. */
export interface Rewriter {
  /** To be shown every object before anything else: makes the blobs. */
  look(id: string, object: GitObject): Promise<void>;
  /** Parents first; notes after what they are about. */
  commit(id: string, isNotes: boolean): Promise<string>;
  /** What a ref points at; the commits must be known. */
  any(id: string): Promise<string>;
  /** What the copy lacks, in words. */
  leftOut(): string[];
}

export function createRewriter(rewriting: Rewriting): Rewriter {
  const { redact, read, done, noted, idOf, replace } = rewriting;
  const trees = createTreeRewriter(rewriting);
  let signatures = 0;
  let pointers = 0;
  return { look, commit, any, leftOut };

  async function look(id: string, { type, bytes }: GitObject): Promise<void> {
    if (type !== 'blob') return;
    if (isLargeFilePointer(bytes)) pointers += 1;
    const redaction = isPatchable(bytes, '') ? await redact(bytes) : undefined;
    if (!redaction) return;
    const object = await replace(id, { type, bytes: redaction.bytes });
    noted.push({ place: `blob ${object}`, what: 'content', redacted: redaction.redacted, object });
  }

  async function commit(id: string, isNotes: boolean): Promise<string> {
    if (done.has(id)) return idOf(id);
    const object = await read(id);
    const made: GitId[] = [];
    for (const { field, id: named } of parseText(object.bytes).ids) {
      made.push({ field, id: field !== 'tree' ? idOf(named) : isNotes ? await trees.notesTree(named) : await trees.tree(named) });
    }
    return text(id, object, made);
  }

  async function any(id: string): Promise<string> {
    if (done.has(id)) return idOf(id);
    const object = await read(id);
    if (object.type === 'blob') return idOf(id);
    if (object.type === 'tree') return trees.tree(id);
    if (object.type === 'commit') return commit(id, false);
    const made: GitId[] = [];
    for (const { field, id: named } of parseText(object.bytes).ids) made.push({ field, id: await any(named) });
    return text(id, object, made);
  }

  /** A commit or a tag with what it names now. Its signature holds for the original only. */
  async function text(id: string, { type, bytes }: GitObject, made: readonly GitId[]): Promise<string> {
    const { ids, text: original, isSigned } = parseText(bytes);
    const redaction = await redact(original);
    done.add(id);
    if (!redaction && made.every((each, index) => each.id === ids[index]?.id)) return id;
    if (isSigned) signatures += 1;
    const object = await replace(id, { type, bytes: formatText(made, withNewIds(redaction?.bytes ?? original)) });
    if (redaction) noted.push({ place: `${type} ${object}`, what: type === 'tag' ? 'tag' : 'commit', redacted: redaction.redacted });
    return object;
  }

  /** A message may name other commits. */
  function withNewIds(message: Buffer): Buffer {
    return Buffer.from(message.toString('latin1').replace(/\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b/g, idOf), 'latin1');
  }

  function leftOut(): string[] {
    return [
      ...[...trees.submodules].map(([path, id]) => `${path}: a submodule at ${id.slice(0, 12)}, of which only the link is published`),
      ...pointersLeftOut(pointers, 'history'),
      ...(signatures > 0 ? [`${signatures} signatures of commits and tags that were rewritten`] : []),
    ];
  }
}
