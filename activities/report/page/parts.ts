import type { Figure } from '../figures/index.ts';
import { html, type Markup, raw } from './markup.ts';

/** What the page is about, beside the analysis itself. */
export interface ReportSource {
  /** Name and SHA-256 of the results file. */
  results: { name: string; sha256: string };
  /** Of this program. */
  version: string;
}

/** A figure in its two widths; the style sheet shows the one that fits. */
export function figureMarkup(figure: Figure | undefined, note: Markup | string = ''): Markup {
  if (!figure) return html``;
  return html`<figure id="${figure.name}"><h3>${figure.title}</h3>
<div class="wide">${raw(figure.draw('wide'))}</div><div class="narrow">${raw(figure.draw('narrow'))}</div>
${note === '' ? null : html`<figcaption>${note}</figcaption>`}</figure>`;
}

/** A table's data as a link that carries it, so that the one file is enough. */
export function download(name: string, csv: string | undefined): Markup {
  if (csv === undefined) return html``;
  return html`<p class="note download"><a download="${name}.csv" href="data:text/csv;charset=utf-8;base64,${Buffer.from(csv).toString('base64')}">Data as CSV</a></p>`;
}

export interface Column {
  name: string;
  left?: boolean;
}

/** A table whose first column names its row. */
export function table(columns: Column[], rows: (string | Markup)[][]): Markup {
  const side = (index: number): string => (columns[index]?.left ? 'left wrap' : '');
  return html`<div class="scroll"><table><thead><tr>${columns.map(({ name }, index) => html`<th scope="col" class="${side(index)}">${name}</th>`)}</tr></thead><tbody>
${rows.map((row) => html`<tr>${row.map((cell, index) => (index === 0 ? html`<th scope="row" title="${typeof cell === 'string' ? cell.trim() : ''}">${cell}</th>` : html`<td class="${side(index)}">${cell}</td>`))}</tr>\n`)}</tbody></table></div>`;
}
