import { lintSource } from '@secretlint/core';
import { secretLintProfiler } from '@secretlint/profiler';
import { rules } from '@secretlint/secretlint-rule-preset-recommend';
import type { SecretLintCoreConfig, SecretLintCoreResultMessage } from '@secretlint/types';
import { breadthSeverity, entropyBits, isPlaceholder } from '../../domain/secrets/index.ts';
import type { Match } from './matcher.ts';

// It keeps an entry for every rule and file for ever.
secretLintProfiler.setEnabled(false);

/** Around a keyword: the longest token of these rules and what they look at before it. */
const beforeBytes = 256;
const afterBytes = 4_096;
/** Some of the rules look ahead as far as the text goes, so pieces are short: their cost stays linear in the content. */
const pieceBytes = 8_192;
/** Shorter runs hold no token of these rules. */
const shortestRun = 20;

/** Comments in a submission that switch secretlint off are not obeyed. */
const scanners = rules.filter((rule) => rule.meta.type === 'scanner' && !rule.meta.id.includes('filter-comments'));
const config = { rules: scanners.map((rule) => ({ id: rule.meta.id, rule, options: {} })) } as SecretLintCoreConfig;

/** What secretlint's rules find around the given offsets, as matches of the window; the pieces are the only text it sees. */
export async function breadthMatches(bytes: Buffer, offsets: readonly number[]): Promise<Match[]> {
  const found: Match[] = [];
  for (const { from, to } of piecesAround(bytes, offsets)) {
    const content = bytes.toString('latin1', from, to).replaceAll('\0', '\n');
    const source = { filePath: 'piece.txt', content, contentType: 'text' as const, ext: '.txt' };
    const { messages } = await lintSource({ source, options: { config, noPhysicFilePath: true } });
    for (const message of messages) found.push(...matchOf(message, content, from));
  }
  return found;
}

function matchOf(message: SecretLintCoreResultMessage, content: string, from: number): Match[] {
  const [start, end] = message.range;
  const value = content.slice(start, end);
  if (value.length < 8 || isPlaceholder(value)) return [];
  const rule = message.ruleId.replace(/^.*secretlint-rule-/, '');
  const severity = looksRandom(value) ? (breadthSeverity[rule] ?? 'block') : 'note';
  return [{ rule: `secretlint-${rule}`, kind: `credential (${rule})`, severity, publicPrefix: 0, start: from + start, end: from + end, value }];
}

/** Names of packages match some of these patterns; tokens have digits, or both cases, at random. */
function looksRandom(value: string): boolean {
  return value.length >= 24 && entropyBits(value) >= 3.5 && (/[0-9].*[0-9]/.test(value) || /[a-z][A-Z].*[a-z][A-Z]/.test(value));
}

function piecesAround(bytes: Buffer, offsets: readonly number[]): { from: number; to: number }[] {
  const pieces: { from: number; to: number }[] = [];
  for (const offset of offsets) {
    if (!startsRun(bytes, offset)) continue;
    const last = pieces.at(-1);
    const from = Math.max(0, offset - beforeBytes);
    const to = Math.min(bytes.length, offset + afterBytes);
    if (last && from <= last.to && to - last.from <= pieceBytes) last.to = to;
    else if (!last || to > last.to) pieces.push({ from, to });
  }
  return pieces;
}

/** Whether printable characters without a space follow, as in every token and address. */
function startsRun(bytes: Uint8Array, offset: number): boolean {
  for (let index = offset; index < offset + shortestRun; index += 1) {
    const byte = bytes[index] ?? 0;
    if (byte <= 0x20 || byte >= 0x7f) return false;
  }
  return true;
}
