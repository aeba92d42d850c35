import { matchWindow } from './matcher.ts';

/** A short text (a path, a message) with every secret that the rules know replaced by its marker. */
export function redactText(text: string): string {
  if (text.length < 12) return text;
  const bytes = Buffer.from(text, 'utf8');
  const { matches } = matchWindow(bytes, 0, bytes.length, false);
  if (matches.length === 0) return text;
  let redacted = '';
  let from = 0;
  for (const { start, end, rule } of matches) {
    redacted += `${bytes.toString('utf8', from, start)}${marker(rule)}`;
    from = end;
  }
  return redacted + bytes.toString('utf8', from);
}

/** What stands in the place of a secret; stable, so that two redactions of the same text are the same. */
export function marker(name: string): string {
  return `[redacted:${name}]`;
}
