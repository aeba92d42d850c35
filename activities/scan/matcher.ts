import type { FindingSeverity } from '../../domain/index.ts';
import { breadthKeywords, isPlaceholder, secretRules, type SecretRule } from '../../domain/secrets/index.ts';
import { createAutomaton, type Needle } from './automaton.ts';
import { isBounded, isMangled, isShorterString, lengthPrefixed, mayHaveLength } from './boundaries.ts';

/** A secret found in one window. `value` never leaves activities/scan: reports hold its fingerprint. */
export interface Match {
  rule: string;
  kind: string;
  severity: FindingSeverity;
  publicPrefix: number;
  /** Bytes from the start of the window. */
  start: number;
  end: number;
  value: string;
  /** Name of its marker, where that is not the rule's. */
  name?: string;
  /** In place of `severity` where the content is a compiled program. */
  inPrograms?: FindingSeverity;
  /** In place of `severity` where the content came with an installed package. */
  inPackages?: FindingSeverity;
}

export interface WindowMatches {
  matches: Match[];
  /** Where a keyword of secretlint's rules stands. */
  breadth: number[];
}

/** Longest reach of a rule to both sides of its keyword, in bytes: a private key of 8,192 bits in PEM is below. */
export const reachBytes = 16 * 1024;
const beforeCharacters = 24;

type Target = SecretRule | 'breadth';
const automaton = createAutomaton<Target>(needles());

/**
 * All secrets whose keyword stands in bytes[from, to). The bytes around are context; `binary` relaxes what may stand next to
 * a token, since strings lie side by side in compiled files, databases and pickles.
 */
export function matchWindow(bytes: Buffer, from: number, to: number, binary: boolean): WindowMatches {
  const found: WindowMatches = { matches: [], breadth: [] };
  let text: string | undefined;
  automaton.search(bytes, from, Math.min(bytes.length, to + 64), (target, start, wide) => {
    if (start < from || start >= to) return;
    if (target === 'breadth') return void (wide || found.breadth.push(start));
    const match = wide ? matchWide(target, bytes, start) : matchAt(target, bytes, (text ??= bytes.toString('latin1')), start, binary);
    if (match) found.matches.push(match);
  });
  found.matches = withoutOverlaps(found.matches);
  return found;
}

function matchAt(rule: SecretRule, bytes: Buffer, text: string, start: number, binary: boolean): Match | undefined {
  if (!mayStart(rule, bytes, start, binary)) return undefined;
  rule.pattern.lastIndex = start;
  const matched = rule.pattern.exec(text);
  let value = matched?.groups?.['value'];
  if (!matched || value === undefined) return undefined;
  let end = start + matched[0].length;
  const valueStart = end - value.length;
  const length = binary ? lengthPrefixed(bytes, valueStart, value.length) : undefined;
  if (length !== undefined && standsFor(rule, value.slice(0, length))) [value, end] = [value.slice(0, length), valueStart + length];
  const isWhole = rule.boundary === 'none' || isBounded(bytes, valueStart === start ? start : undefined, end, rule.boundary) || end - valueStart === length;
  if (!isWhole && !(binary && value.slice(0, rule.publicPrefix).endsWith('_'))) return undefined;
  if (binary && end - valueStart !== length && (isMangled(bytes, start) || isShorterString(bytes, valueStart, value.length))) return undefined;
  const severity = judge(rule, value, text.slice(Math.max(0, valueStart - beforeCharacters), valueStart));
  if (severity === 'discard') return undefined;
  const { id, kind, publicPrefix, inPackages } = rule;
  // In a program's table of strings and names, what runs on to both sides is rarely a token.
  const inPrograms = rule.inPrograms ?? (isWhole ? undefined : 'warn');
  return { rule: id, kind, severity, publicPrefix, start: valueStart, end, value, ...(inPrograms && { inPrograms }), ...(inPackages && { inPackages }) };
}

/** A string of the stated length must be what the rule looks for: a length can be told wrongly from the letters before. */
function standsFor({ publicPrefix, pattern }: SecretRule, value: string): boolean {
  if (publicPrefix === 0) return true;
  pattern.lastIndex = 0;
  return pattern.exec(value)?.groups?.['value'] === value;
}

/** Whether a token may begin here, asked before its pattern is tried: keywords in a row must not each run to the same end. */
function mayStart(rule: SecretRule, bytes: Buffer, start: number, binary: boolean): boolean {
  if (rule.boundary === 'none' || rule.publicPrefix === 0) return true;
  return isBounded(bytes, start, bytes.length, rule.boundary) || (binary && (runsTogether(rule) || mayHaveLength(bytes, start)));
}

/** Prefixes with a separator are telling enough to stand next to anything in binary contents. */
function runsTogether({ keywords, publicPrefix }: SecretRule): boolean {
  return keywords.some((keyword) => keyword.slice(0, publicPrefix).endsWith('_'));
}

function judge(rule: SecretRule, value: string, before: string): FindingSeverity | 'discard' {
  if (rule.placeholders !== false && isPlaceholder(value)) return 'discard';
  return rule.judge ? rule.judge(value, before) : rule.severity;
}

/** UTF-16: the surroundings are narrowed to one byte a character, and offsets doubled back. */
function matchWide(rule: SecretRule, bytes: Buffer, start: number): Match | undefined {
  const from = Math.max(start % 2, start - beforeCharacters * 2);
  const narrow = Buffer.alloc(Math.ceil((Math.min(bytes.length, start + reachBytes) - from) / 2));
  for (let index = 0; index < narrow.length; index += 1) narrow[index] = bytes[from + index * 2] ?? 0;
  const match = matchAt(rule, narrow, narrow.toString('latin1'), (start - from) / 2, false);
  return match && { ...match, start: from + match.start * 2, end: from + match.end * 2 };
}

/** Of matches over the same bytes the earlier rule's stands, since it tells more, with the gravest severity of all. */
export function withoutOverlaps(matches: readonly Match[]): Match[] {
  const kept: Match[] = [];
  for (const match of [...matches].sort((a, b) => a.start - b.start || a.end - b.end)) {
    const last = kept.at(-1);
    if (!last || last.end <= match.start) kept.push(match);
    else kept[kept.length - 1] = { ...(rank(match) < rank(last) ? match : last), severity: graver(match.severity, last.severity) };
  }
  return kept;
}

const ruleRank = new Map(secretRules.map((rule, index) => [rule.id, index]));

function rank(match: Match): number {
  return ruleRank.get(match.rule) ?? Number.MAX_SAFE_INTEGER;
}

function graver(a: FindingSeverity, b: FindingSeverity): FindingSeverity {
  const order: FindingSeverity[] = ['block', 'warn', 'note'];
  return order.indexOf(a) < order.indexOf(b) ? a : b;
}

function needles(): Needle<Target>[] {
  const own = secretRules.flatMap((rule) => spellings(rule).map((text) => ({ text, target: rule })));
  return [...own, ...breadthKeywords.map((text) => ({ text, target: 'breadth' as const }))];
}

function spellings(rule: SecretRule): string[] {
  if (!rule.anyCase) return [...rule.keywords];
  const forms = rule.keywords.flatMap((word) => [word, word.toLowerCase(), word.toUpperCase(), capitalised(word), brand(word)]);
  return [...new Set(forms)];
}

function capitalised(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}

/** The spellings that people use of names with an inner capital. */
function brand(word: string): string {
  return { openai: 'OpenAI', clearml: 'ClearML', wandb: 'WandB', apikey: 'ApiKey' }[word] ?? word;
}
