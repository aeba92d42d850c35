import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Analysis } from '../../domain/analysis/index.ts';
import { figuresOf } from './figures/index.ts';
import { page } from './page/page.ts';
import type { ReportSource } from './page/parts.ts';
import { withFixedColours } from './palette.ts';
import { csvTables } from './tables.ts';

export type { ReportSource } from './page/parts.ts';

/** The report's files by path: report.html (complete in itself), analysis.json, data/*.csv, figures/*.svg. */
export function reportFiles(analysis: Analysis, source: ReportSource): Record<string, string> {
  const [figures, tables] = [figuresOf(analysis), csvTables(analysis)];
  return {
    'report.html': page(analysis, figures, tables, source),
    'analysis.json': `${JSON.stringify(analysis, null, 2)}\n`,
    ...Object.fromEntries(Object.entries(tables).map(([name, text]) => [`data/${name}.csv`, text])),
    ...Object.fromEntries(Object.values(figures).map((figure) => [`figures/${figure.name}.svg`, `${withFixedColours(figure.draw('wide'))}\n`])),
  };
}

/** Writes the report into a directory, over an earlier one; gives the paths written, relative to it. */
export async function writeReport(analysis: Analysis, source: ReportSource, directory: string): Promise<string[]> {
  const files = Object.entries(reportFiles(analysis, source));
  for (const [path, text] of files) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
  return files.map(([path]) => path);
}
