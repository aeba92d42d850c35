import { Parser } from 'htmlparser2';
import { z } from 'zod';
import type { IndexFile } from './files.ts';

/** Both forms of the simple API; some servers send times only to those who name a JSON type. */
export const pageTypes = 'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01';

/** The files of a project page, JSON (PEP 691) or HTML (PEP 503) by its media type. Throws where it is neither. */
export function readPage(bytes: Buffer, contentType: string | undefined, url: string): IndexFile[] {
  const text = bytes.toString('utf8');
  if (/\bjson\b/.test(contentType ?? '')) return readJson(text, url);
  if (/\bhtml\b/.test(contentType ?? '')) return readHtml(text, url);
  throw new Error(`answered with ${contentType ?? 'no media type'}, which is no page of a package index`);
}

const Metadata = z.union([z.boolean(), z.record(z.string(), z.string())]);
const SimplePage = z.object({
  files: z.array(
    z.object({
      filename: z.string().min(1),
      url: z.string().min(1),
      hashes: z.record(z.string(), z.string()).default({}),
      'requires-python': z.string().nullish(),
      yanked: z.union([z.boolean(), z.string()]).optional(),
      size: z.number().int().nonnegative().optional(),
      'upload-time': z.string().nullish(),
      'core-metadata': Metadata.optional(),
      'dist-info-metadata': Metadata.optional(),
    }),
  ),
});

function readJson(text: string, base: string): IndexFile[] {
  return SimplePage.parse(JSON.parse(text)).files.map((file) => {
    const metadata = file['core-metadata'] ?? file['dist-info-metadata'];
    return fileOf({
      filename: file.filename,
      url: new URL(file.url, base).href,
      hashes: file.hashes,
      requiresPython: file['requires-python'],
      yanked: file.yanked === '' || file.yanked === false ? undefined : file.yanked,
      sizeBytes: file.size,
      uploadedAt: file['upload-time'],
      metadata: metadata === undefined || metadata === false ? undefined : metadataOf(metadata === true ? undefined : metadata['sha256']),
    });
  });
}

function readHtml(text: string, page: string): IndexFile[] {
  const files: IndexFile[] = [];
  let base = page;
  let link: Record<string, string> | undefined;
  let label = '';
  const parser = new Parser({
    onopentag(name, attributes) {
      if (name === 'base' && attributes['href'] !== undefined) base = new URL(attributes['href'], page).href;
      if (name === 'a') [link, label] = [attributes, ''];
    },
    ontext: (piece) => void (label += piece),
    onclosetag(name) {
      if (name !== 'a' || !link) return;
      const file = linkOf(link, label.trim(), base);
      if (file) files.push(file);
      link = undefined;
    },
  });
  parser.end(text);
  return files;
}

function linkOf(attributes: Record<string, string>, label: string, base: string): IndexFile | undefined {
  if (attributes['href'] === undefined || !URL.canParse(attributes['href'], base)) return undefined;
  const url = new URL(attributes['href'], base);
  const hash = /^#(\w+)=([0-9a-fA-F]+)$/.exec(url.hash);
  url.hash = '';
  const filename = decodeURIComponent(url.pathname.split('/').at(-1) ?? '') || label;
  const metadata = attributes['data-core-metadata'] ?? attributes['data-dist-info-metadata'];
  return fileOf({
    filename,
    url: url.href,
    hashes: hash ? { [(hash[1] as string).toLowerCase()]: (hash[2] as string).toLowerCase() } : {},
    requiresPython: attributes['data-requires-python'],
    yanked: attributes['data-yanked'] === undefined ? undefined : attributes['data-yanked'] || true,
    sizeBytes: undefined,
    uploadedAt: attributes['data-upload-time'],
    metadata: metadata === undefined || metadata === 'false' ? undefined : metadataOf(/^sha256=([0-9a-f]{64})$/.exec(metadata)?.[1]),
  });
}

type Loose = { [Key in keyof Required<IndexFile>]: IndexFile[Key] | null | undefined };

function fileOf(loose: Loose): IndexFile {
  const uploadedAt = instantOf(loose.uploadedAt);
  const given = Object.entries({ ...loose, uploadedAt }).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(given) as unknown as IndexFile;
}

function metadataOf(sha256: string | undefined): { sha256?: string } {
  return sha256 === undefined ? {} : { sha256 };
}

/** Times of the simple API end in Z; one without a zone is UTC, as the JSON API's `upload_time` is. */
export function instantOf(text: string | null | undefined): string | undefined {
  if (text == null) return undefined;
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`;
  if (!/^\d{4}-\d\d-\d\dT/.test(zoned) || Number.isNaN(Date.parse(zoned))) return undefined;
  return zoned.endsWith('Z') ? zoned : new Date(zoned).toISOString();
}
