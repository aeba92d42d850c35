import { canonical } from '../pip-specs.ts';
import { isWheel, versionOf, type IndexFile } from './files.ts';

const jsonType = 'application/vnd.pypi.simple.v1+json';
const htmlType = 'application/vnd.pypi.simple.v1+html';

/** Media types that clients name, and what each of them gets. `latest` may stand for the version (PEP 691). */
const offered: Record<string, string> = {
  [jsonType]: jsonType,
  'application/vnd.pypi.simple.latest+json': jsonType,
  [htmlType]: htmlType,
  'application/vnd.pypi.simple.latest+html': htmlType,
  'text/html': 'text/html',
};

/** The media type for an Accept header; HTML for whoever does not ask for more, as pip before 22.2. */
function pageTypeFor(accept: string | undefined): string {
  const wanted = (accept ?? '').split(',').map((each) => {
    const [type = '', ...parameters] = each.split(';').map((part) => part.trim());
    const quality = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    return { type: type.toLowerCase(), quality: Number.isNaN(quality) ? 0 : quality };
  });
  const best = wanted.filter(({ type, quality }) => quality > 0 && offered[type] !== undefined).sort((a, b) => b.quality - a.quality)[0];
  return best === undefined ? 'text/html' : (offered[best.type] as string);
}

export interface RenderedPage {
  body: string;
  contentType: string;
}

/** A project page whose links lead to ourselves: PEP 691 JSON, or PEP 503 HTML. */
export function renderPage(project: string, files: readonly IndexFile[], accept: string | undefined): RenderedPage {
  const type = pageTypeFor(accept);
  if (type === jsonType) return { body: renderJson(project, files), contentType: jsonType };
  return { body: renderHtml(project, files), contentType: `${type}${type === 'text/html' ? '; charset=utf-8' : ''}` };
}

/**
 * `core-metadata` only: pip 23.0 stops at `dist-info-metadata` in JSON (PEP 714). It is `true`, without a hash, since the
 * metadata are read when they are asked for. Version 1.1 promises sizes, so it is named only where all are known.
 */
function renderJson(project: string, files: readonly IndexFile[]): string {
  const sized = files.every(({ sizeBytes }) => sizeBytes !== undefined);
  const versions = [...new Set(files.flatMap(({ filename }) => versionOf(filename, project) ?? []))];
  return JSON.stringify({
    meta: { 'api-version': sized ? '1.1' : '1.0' },
    name: canonical(project),
    versions,
    files: files.map((file) => ({
      filename: file.filename,
      url: linkOf(project, file),
      hashes: file.hashes,
      ...(file.requiresPython === undefined ? {} : { 'requires-python': file.requiresPython }),
      ...(file.yanked === undefined ? {} : { yanked: file.yanked }),
      ...(file.sizeBytes === undefined ? {} : { size: file.sizeBytes }),
      ...(file.uploadedAt === undefined ? {} : { 'upload-time': file.uploadedAt }),
      ...(isWheel(file.filename) ? { 'core-metadata': true } : {}),
    })),
  });
}

/** HTML has both spellings: pip before 23.2 knows only the older one. */
function renderHtml(project: string, files: readonly IndexFile[]): string {
  const links = files.map((file) => {
    const [algorithm, value] = Object.entries(file.hashes).sort(([a], [b]) => preference(a) - preference(b))[0] ?? [];
    const attributes = {
      href: linkOf(project, file) + (algorithm === undefined ? '' : `#${algorithm}=${value}`),
      'data-requires-python': file.requiresPython,
      'data-yanked': file.yanked === true ? '' : file.yanked,
      'data-upload-time': file.uploadedAt,
      ...(isWheel(file.filename) ? { 'data-core-metadata': 'true', 'data-dist-info-metadata': 'true' } : {}),
    };
    const text = Object.entries(attributes).flatMap(([name, each]) => (each === undefined ? [] : [`${name}="${escaped(each)}"`]));
    return `<a ${text.join(' ')}>${escaped(file.filename)}</a><br>`;
  });
  const head = `<meta name="pypi:repository-version" content="1.0"><title>Links for ${escaped(project)}</title>`;
  return `<!DOCTYPE html>\n<html><head>${head}</head><body>\n<h1>Links for ${escaped(project)}</h1>\n${links.join('\n')}\n</body></html>\n`;
}

function preference(algorithm: string): number {
  const order = ['sha256', 'sha512', 'sha384', 'md5'];
  return (order.indexOf(algorithm) + order.length + 1) % (order.length + 1);
}

/** Relative to `…/simple/<project>/`. */
function linkOf(project: string, { filename }: IndexFile): string {
  return `../../files/${canonical(project)}/${encodeURIComponent(filename)}`;
}

function escaped(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] as string);
}
