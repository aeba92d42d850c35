import { plot, type PlotOptions } from '@observablehq/plot';
import { parseHTML } from 'linkedom';

/** Pixels: for a page or a sheet of paper, and for a phone. */
export const widths = { wide: 720, narrow: 345 } as const;
export type Width = keyof typeof widths;

export interface Figure {
  /** File name without ending. */
  name: string;
  title: string;
  /** For who does not see it. */
  description: string;
  draw(width: Width): string;
}

const fontSize = 12;

/** One SVG drawing; the same options give the same text. */
export function svg(options: PlotOptions, width: Width, description: string): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const drawn = plot({
    width: widths[width],
    className: 'plot',
    style: { fontSize: `${fontSize}px`, fontFamily: 'system-ui, sans-serif', overflow: 'visible', background: 'none', color: 'var(--ink)' } as never,
    ariaDescription: description,
    ...options,
    document: document as never,
  }) as unknown as { outerHTML: string; setAttribute(name: string, value: string): void };
  drawn.setAttribute('role', 'img');
  drawn.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return drawn.outerHTML;
}

/** Room for the longest of some labels, in pixels: the widest of the systems' fonts take 0.6 of their size a character. */
export function labelWidth(labels: readonly string[]): number {
  return Math.ceil(Math.max(0, ...labels.map((label) => label.length)) * fontSize * 0.6) + 12;
}

/** Characters of a model's name that a figure shows. */
export const nameCharacters: Record<Width, number> = { wide: 26, narrow: 14 };
