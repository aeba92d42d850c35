import type { NamedValue } from '../scan/values.ts';
import { createMasker } from '../scan/redact.ts';

/** The values that a process has come to know, for what it prints itself. */
export interface KnownSecrets {
  learn(values: readonly NamedValue[]): void;
  /** A text without them, and without what the rules of the secret scan know. */
  mask(text: string): string;
}

export function createKnownSecrets(first: readonly NamedValue[]): KnownSecrets {
  const known = new Map<string, NamedValue>();
  let mask = createMasker({ values: [] });
  const learn = (values: readonly NamedValue[]): void => {
    const news = values.filter(({ value }) => !known.has(value));
    for (const each of news) known.set(each.value, each);
    if (news.length > 0) mask = createMasker({ values: [...known.values()] });
  };
  learn(first);
  return { learn, mask: (text) => mask(text) };
}
