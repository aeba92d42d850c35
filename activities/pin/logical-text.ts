/** The arguments of an instruction as the builder sees them, and where each piece stood in the file. */
export interface LogicalText {
  text: string;
  /** Line (from 1) of a character of `text`. */
  lineAt(offset: number): number;
}

interface Piece {
  offset: number;
  line: number;
}

/**
 * Joins the physical lines `first..last` (from 0): continuations and the comment and empty lines between them disappear, a
 * here-document keeps its lines. `skip` characters of the first line (the keyword) are left out.
 */
export function logicalText(
  lines: readonly string[],
  first: number,
  last: number,
  skip: number,
  escape: string,
  heredocFrom = Infinity,
): LogicalText {
  const pieces: Piece[] = [];
  const parts: string[] = [];
  let offset = 0;
  const add = (part: string, line: number): void => {
    pieces.push({ offset, line: line + 1 });
    parts.push(part);
    offset += part.length;
  };
  for (let index = first; index <= last; index += 1) {
    const raw = withoutReturn(lines[index] ?? '');
    if (index >= heredocFrom) {
      add(`\n${raw}`, index);
    } else if (index === first || !/^\s*(#|$)/.test(raw)) {
      const line = index === first ? raw.slice(skip) : raw;
      add(withoutContinuation(line, escape), index);
    }
  }
  return { text: parts.join(''), lineAt: (at) => lineOf(pieces, at) };
}

/** A text of its own, such as a script: line 1 is its first line. */
export function plainText(text: string, firstLine = 1): LogicalText {
  const pieces: Piece[] = [];
  let offset = 0;
  for (const [index, line] of text.split('\n').entries()) {
    pieces.push({ offset, line: firstLine + index });
    offset += line.length + 1;
  }
  return { text, lineAt: (at) => lineOf(pieces, at) };
}

export function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function withoutContinuation(line: string, escape: string): string {
  const trimmed = line.trimEnd();
  return trimmed.endsWith(escape) ? trimmed.slice(0, -1) : line;
}

function lineOf(pieces: Piece[], at: number): number {
  let low = 0;
  let high = pieces.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((pieces[middle] as Piece).offset <= at) low = middle;
    else high = middle - 1;
  }
  return pieces[low]?.line ?? 1;
}
