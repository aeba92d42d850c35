import { formatTree, isDirectory, linkMode, parseTree, submoduleMode, type GitTreeEntry } from './git-objects.ts';
import type { Rewriting } from './rewriting.ts';

export interface TreeRewriter {
  tree(id: string): Promise<string>;
  /** In a tree of notes, files are named after the objects that they are about. */
  notesTree(id: string): Promise<string>;
  /** By path, the commit that is linked. */
  submodules: ReadonlyMap<string, string>;
}

export function createTreeRewriter({ format, redact, read, done, noted, idOf, replace, write }: Rewriting): TreeRewriter {
  const submodules = new Map<string, string>();
  return { tree, notesTree, submodules };

  async function tree(id: string): Promise<string> {
    if (done.has(id)) return idOf(id);
    const entries = await entriesOf(id);
    const made: GitTreeEntry[] = [];
    for (const entry of entries) made.push(await entryOf(entry));
    done.add(id);
    const isSame = made.every((entry, index) => entry.id === entries[index]?.id && entry.name === entries[index]?.name);
    return isSame ? id : replace(id, { type: 'tree', bytes: formatTree(made) });
  }

  async function entriesOf(id: string): Promise<GitTreeEntry[]> {
    return parseTree((await read(id)).bytes, format);
  }

  async function entryOf(entry: GitTreeEntry): Promise<GitTreeEntry> {
    const redaction = await redact(entry.name);
    const name = redaction?.bytes ?? entry.name;
    if (entry.mode === submoduleMode) submodules.set(name.toString(), entry.id);
    const id = isDirectory(entry) ? await tree(entry.id) : idOf(entry.id);
    if (redaction) noted.push({ place: name.toString(), what: 'name', redacted: redaction.redacted, object: id });
    if (entry.mode === linkMode) for (const each of noted) if (each.object === id && each.what === 'content') each.what = 'link';
    return { ...entry, name, id };
  }

  /** Notes lie flat or in directories of two digits; flat is what git reads in any case. */
  async function notesTree(id: string): Promise<string> {
    return write({ type: 'tree', bytes: formatTree(await notesIn(id, '')) });
  }

  async function notesIn(id: string, prefix: string): Promise<GitTreeEntry[]> {
    const flat: GitTreeEntry[] = [];
    for (const entry of await entriesOf(id)) {
      const path = prefix + entry.name.toString('latin1');
      if (isDirectory(entry) && /^(?:[0-9a-f]{2})+$/.test(path)) flat.push(...(await notesIn(entry.id, path)));
      else flat.push({ ...(await entryOf(entry)), name: Buffer.from(idOf(path), 'latin1') });
    }
    return flat;
  }
}
