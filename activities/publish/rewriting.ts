import type { Replacement } from '../../domain/index.ts';
import { writeObject, type GitObject, type ObjectFormat, type ObjectReader } from './git.ts';
import type { Redact, Redacted } from './redaction.ts';

/** What was replaced in one object. `place` is the object or ref; what lies in a tree has `object`, whose paths are found later. */
export interface Noted {
  place: string;
  object?: string;
  what: Replacement['what'];
  redacted: Redacted[];
}

/** What is known of a history while it is rewritten. */
export interface Rewriting {
  format: ObjectFormat;
  redact: Redact;
  read: ObjectReader['read'];
  /** Objects that were made, or found to stay as they are. */
  done: Set<string>;
  noted: Noted[];
  /** The new name of an object; its own where it has not changed. */
  idOf(id: string): string;
  /** Writes what stands in an object's place. */
  replace(id: string, object: GitObject): Promise<string>;
  write(object: GitObject): Promise<string>;
  rewritten(): number;
}

export function openRewriting(target: string, format: ObjectFormat, redact: Redact, objects: ObjectReader): Rewriting {
  /** Only what changed: a history has many more objects than secrets. */
  const changed = new Map<string, string>();
  const write = (object: GitObject): Promise<string> => writeObject(target, format, object);
  return {
    format,
    redact,
    read: (id) => objects.read(id),
    done: new Set(),
    noted: [],
    idOf: (id) => changed.get(id) ?? id,
    write,
    async replace(id, object) {
      const made = await write(object);
      if (made !== id) changed.set(id, made);
      return made;
    },
    rewritten: () => changed.size,
  };
}
