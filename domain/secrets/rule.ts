import type { FindingSeverity } from '../scan.ts';

/**
 * One row of the rule pack. A rule is tried only where one of its keywords stands, so that a scan is one pass over the bytes;
 * every quantifier of `pattern` is bounded, so that a hit costs a bounded number of steps (linear time over all).
 */
export interface SecretRule {
  id: string;
  /** What it opens, in words for people. */
  kind: string;
  /** Byte strings, matched with their case; `anyCase` adds the lower-case, upper-case and capitalised forms. */
  keywords: readonly string[];
  anyCase?: boolean;
  /** Sticky, tried at the keyword's first byte over Latin-1 text. The secret is the group `value`, which ends the match. */
  pattern: RegExp;
  /** What may stand neither directly before the keyword nor directly after the secret, in text. */
  boundary: 'alphanumeric' | 'token' | 'none';
  /** Characters of the secret that are public because every one of its kind has them. */
  publicPrefix: number;
  severity: FindingSeverity;
  /** Decides by structure: a severity, or 'discard' for what is no secret. Runs after the placeholder check. */
  judge?: (value: string, before: string) => FindingSeverity | 'discard';
  /** Severity in compiled programs, whose self-tests hold keys that everyone has. */
  inPrograms?: FindingSeverity;
  /** Severity in files of an installed package: what everybody who installs it gets is no secret of a submission. */
  inPackages?: FindingSeverity;
  /** False where the value's own form says that it is no placeholder, or `judge` looks for itself. */
  placeholders?: false;
  /** Texts in the notation of `expandExample`: `<letters:34>` stands for random characters, so that no file holds a token. */
  mustMatch: readonly string[];
  mustNotMatch: readonly string[];
}

const alphabets = {
  letters: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
  upper: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
  alnum: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
  hex: '0123456789abcdef',
  base64: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
  base64url: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
  digits: '0123456789',
} as const;

/**
 * The text of an example with every `<alphabet:count>` replaced by random characters and `<base64 of:text>` by the encoded
 * text; `random` gives numbers in [0, 1), so that a seed makes the same example again.
 */
export function expandExample(example: string, random: () => number): string {
  return example
    .replace(/<(letters|upper|alnum|hex|base64|base64url|digits):(\d+)>/g, (_whole, name: keyof typeof alphabets, count: string) => {
      const alphabet = alphabets[name];
      return Array.from({ length: Number(count) }, () => alphabet[Math.floor(random() * alphabet.length)]).join('');
    })
    .replace(/<base64 of:([^>]*)>/g, (_whole, text: string) => btoa(text));
}
