/** Text that is markup already; everything else is escaped where it is put into `html`. */
export interface Markup {
  markup: string;
}
type Part = string | number | Markup | null | undefined | false | Part[];

/** A template of HTML: what is put in is escaped unless it is markup itself; null, undefined and false are left out. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Markup {
  return { markup: strings.map((text, index) => text + render(parts[index])).join('') };
}

/** Text that this program itself made as markup: a drawing, a style sheet. */
export function raw(markup: string): Markup {
  return { markup };
}

function render(part: Part): string {
  if (part === null || part === undefined || part === false) return '';
  if (Array.isArray(part)) return part.map(render).join('');
  return typeof part === 'object' ? part.markup : escaped(String(part));
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}
