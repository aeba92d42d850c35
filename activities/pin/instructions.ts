import type { Instruction as ParsedInstruction } from 'dockerfile-ast';
import { logicalText, type LogicalText } from './logical-text.ts';

export interface Instruction extends LogicalText {
  /** Upper case; also what is no instruction of Docker's. */
  keyword: string;
  /** First and last line, from 1. */
  line: number;
  endLine: number;
  /** `--from=build` -> `{ from: 'build' }`; the last one wins. */
  flags: Record<string, string>;
  /** The exec form (`["a", "b"]`), where it is one. */
  json?: string[];
  /** Bodies of here-documents in order. */
  heredocs: { body: string; line: number }[];
}

/** The instructions of a parsed file with flags, exec form and here-documents taken apart. */
export function readInstructions(text: string, parsed: ParsedInstruction[], escape: string): Instruction[] {
  const lines = text.split('\n');
  return parsed.map((each) => {
    const range = each.getRange();
    const [first, last] = [range.start.line, range.end.line];
    const heredocs = bodiesOf(each, lines);
    const skip = range.start.character + each.getInstruction().length;
    const logical = logicalText(lines, first, last, skip, escape, heredocs[0] ? heredocs[0].line - 1 : undefined);
    const { flags, consumed } = readFlags(logical.text);
    const content = logical.text.slice(consumed);
    const json = readJson(content);
    return {
      keyword: each.getKeyword().toUpperCase(),
      line: first + 1,
      endLine: last + 1,
      flags,
      text: content,
      lineAt: (offset) => logical.lineAt(offset + consumed),
      heredocs,
      ...(json ? { json } : {}),
    };
  });
}

function bodiesOf(parsed: ParsedInstruction, lines: string[]): { body: string; line: number }[] {
  const holder = parsed as unknown as { getHeredocs?(): HeredocRanges[] };
  if (!['RUN', 'COPY', 'ADD'].includes(parsed.getKeyword().toUpperCase())) return [];
  return (holder.getHeredocs?.() ?? []).flatMap((heredoc) => {
    const first = heredoc.getContentRange()?.start.line;
    if (first === undefined) return [];
    const content = lines.slice(first, heredoc.getDelimiterRange()?.start.line ?? lines.length);
    return [{ body: content.join('\n').replaceAll('\r\n', '\n'), line: first + 1 }];
  });
}

interface HeredocRanges {
  getContentRange(): { start: { line: number } } | null;
  getDelimiterRange(): { start: { line: number } } | null;
}

function readFlags(text: string): { flags: Record<string, string>; consumed: number } {
  const flags: Record<string, string> = {};
  const pattern = /\s*--([a-z][a-z-]*)(?:=(\S*))?(?=\s|$)/y;
  let consumed = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    flags[match[1] as string] = match[2] ?? '';
    consumed = pattern.lastIndex;
  }
  return { flags, consumed };
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
