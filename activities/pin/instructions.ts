import type { Instruction as ParsedInstruction } from 'dockerfile-ast';
import { logicalText, withoutReturn, type LogicalText } from './logical-text.ts';

export interface Instruction extends LogicalText {
  /** Upper case; also what is no instruction of Docker's. */
  keyword: string;
  /** First and last line, from 1. */
  line: number;
  endLine: number;
  /** `--from=build` -> `{ from: 'build' }`; the last one wins. */
  flags: Record<string, string>;
  /** The same as they are written, each of them. */
  options: string[];
  /** The exec form (`["a", "b"]`), where it is one. */
  json?: string[];
  /** In order. */
  heredocs: Heredoc[];
}

export interface Heredoc {
  name: string;
  /** Without leading tabs where `<<-` asks for it; each line with its end. */
  content: string;
  /** Whether variables are put in: its name stands without quotes. */
  expands: boolean;
  /** Of its first line, from 1. */
  line: number;
}

/** The instructions of a parsed file with flags, exec form and here-documents taken apart. */
export function readInstructions(text: string, parsed: ParsedInstruction[], escape: string): Instruction[] {
  const lines = text.split('\n');
  return parsed.map((each) => {
    const range = each.getRange();
    const [first, last] = [range.start.line, range.end.line];
    const heredocs = heredocsOf(each, lines, escape);
    const skip = range.start.character + each.getInstruction().length;
    const logical = logicalText(lines, first, last, skip, escape, heredocs[0] ? heredocs[0].line - 1 : undefined);
    const { flags, options, consumed } = readFlags(logical.text);
    const content = logical.text.slice(consumed);
    const json = readJson(content);
    return {
      keyword: each.getKeyword().toUpperCase(),
      line: first + 1,
      endLine: last + 1,
      flags,
      options,
      text: content,
      lineAt: (offset) => logical.lineAt(offset + consumed),
      heredocs,
      ...(json ? { json } : {}),
    };
  });
}

/** What the lines after those with the operators hold. The parser knows where the last one ends, and mistakes bodies with escapes. */
function heredocsOf(parsed: ParsedInstruction, lines: readonly string[], escape: string): Heredoc[] {
  if (!['RUN', 'COPY', 'ADD'].includes(parsed.getKeyword().toUpperCase())) return [];
  const { start, end } = parsed.getRange();
  let next = start.line;
  while (next < end.line && (withoutReturn(lines[next] ?? '').trimEnd().endsWith(escape) || /^\s*#/.test(lines[next] ?? ''))) next += 1;
  if (next === end.line) return [];
  const header = lines.slice(start.line, next + 1).join('\n');
  return [...header.matchAll(/(?<!<)<<(-?)(\\?)(["']?)([\w.@+-]+)\3/g)].map(([, tabs, escaped, quote, name = '']) => {
    const line = next + 2;
    const content: string[] = [];
    for (next += 1; next <= end.line; next += 1) {
      const text = withoutReturn(lines[next] ?? '');
      const stripped = tabs === '-' ? text.replace(/^\t+/, '') : text;
      if (stripped === name) break;
      content.push(`${stripped}\n`);
    }
    return { name, content: content.join(''), expands: escaped === '' && quote === '', line };
  });
}

function readFlags(text: string): Pick<Instruction, 'flags' | 'options'> & { consumed: number } {
  const flags: Record<string, string> = {};
  const options: string[] = [];
  const pattern = /\s*--([a-z][a-z-]*)(?:=(\S*))?(?=\s|$)/y;
  let consumed = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    flags[match[1] as string] = match[2] ?? '';
    options.push(match[0].trim());
    consumed = pattern.lastIndex;
  }
  return { flags, options, consumed };
}

function readJson(text: string): string[] | undefined {
  if (!text.trimStart().startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : undefined;
  } catch {
    return undefined; // The builder, too, takes what is no JSON as the shell form.
  }
}
