import { styleText } from 'node:util';
import { createMasker } from '../activities/scan/redact.ts';
import { jsonText } from './json-text.ts';

type Style = Parameters<typeof styleText>[0];

/** A submission is quoted in many places, and may hold what its author should not have written down: no terminal shows it. */
const mask = createMasker({ values: [] });

/** The result of a command: the only thing that goes to stdout. */
export function print(text: string): void {
  const shown = mask(text);
  process.stdout.write(shown.endsWith('\n') ? shown : `${shown}\n`);
}

/** Its texts are masked each by itself, so that the document stays one; its lists may be larger than memory. */
export function printJson(document: unknown): void {
  for (const piece of jsonText(document, mask)) process.stdout.write(piece);
  process.stdout.write('\n');
}

/** Progress and diagnostics, for people, on stderr. */
export function say(text: string): void {
  process.stderr.write(`${mask(text)}\n`);
}

/** Coloured where the stream is a terminal that wants it (NO_COLOR is honoured). */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stderr): string {
  return styleText(style, text, { stream });
}

/** Draws over its last picture on a terminal; elsewhere prints only the lines that are new. */
export function createLiveView(stream: NodeJS.WriteStream = process.stderr): { draw(lines: string[]): void; end(): void } {
  let drawn = 0;
  const printed = new Set<string>();
  return {
    draw(lines) {
      if (!stream.isTTY) {
        for (const line of lines.filter((each) => !printed.has(each))) {
          printed.add(line);
          stream.write(`${mask(line)}\n`);
        }
        return;
      }
      const width = stream.columns;
      stream.write(`${drawn > 0 ? `\u001B[${drawn}A\u001B[J` : ''}${lines.map((line) => clip(mask(line), width)).join('\n')}\n`);
      drawn = lines.length;
    },
    end() {
      drawn = 0;
    },
  };
}

/** "1 file", "2 files". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Rows as aligned columns, two spaces between them. Colour codes do not count. */
export function columns(rows: string[][]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, visibleLength(cell))));
  return rows.map((row) => row.map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - visibleLength(cell))).join('  ').trimEnd());
}

// eslint-disable-next-line no-control-regex -- terminal colour codes are control characters
const colourCode = /\u001B\[[0-9;]*m/g;

function visibleLength(text: string): number {
  return text.replaceAll(colourCode, '').length;
}

/** A line longer than the terminal would wrap, and the next drawing would not cover it. */
function clip(line: string, width: number): string {
  if (visibleLength(line) <= width) return line;
  return `${line.replaceAll(colourCode, '').slice(0, width - 1)}…`;
}

/** A source may hold 200,000 files, and a build print as many lines: what is being done is said every two seconds. */
export function nowAndThen(tell: (message: string) => void): (message: string) => void {
  let saidAtMs = performance.now();
  return (message) => {
    if (performance.now() - saidAtMs < 2_000) return;
    saidAtMs = performance.now();
    tell(message);
  };
}
