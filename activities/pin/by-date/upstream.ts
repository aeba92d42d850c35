import { z } from 'zod';
import { limits } from '../../../domain/index.ts';
import { canonical } from '../pip-specs.ts';
import { doubtPage } from './doubts.ts';
import type { IndexFile, ProjectPage } from './files.ts';
import { shown, Unreachable, type HttpClient } from './http.ts';
import { createPageCache, type CachedPage } from './page-cache.ts';
import { instantOf, pageTypes, readPage } from './read-page.ts';

export interface UpstreamOptions {
  client: HttpClient;
  /** The simple index: what pip calls `index-url`. May hold a user and a password, which are shown nowhere. */
  indexUrl: string;
  /** Pages are kept here over runs; only in memory where it is absent. */
  cacheDirectory?: string | undefined;
  now?: () => number;
}

export interface Upstream {
  /** The files of a project, undefined where the index has none of this name. Throws Unreachable. */
  page(project: string, signal?: AbortSignal): Promise<ProjectPage | undefined>;
  client: HttpClient;
}

/**
 * The index behind ours. A page is asked for once in the life of this object, so that all steps of a build see one state; an
 * older copy is used only where upstream does not answer.
 */
export function createUpstream(options: UpstreamOptions): Upstream {
  const cache = createPageCache(options.cacheDirectory);
  const known = new Map<string, Promise<ProjectPage | undefined>>();
  return {
    client: options.client,
    page(project, signal) {
      const name = canonical(project);
      const asked = known.get(name) ?? load(name, options, cache, signal);
      known.set(name, asked);
      asked.catch(() => known.delete(name));
      return asked;
    },
  };
}

type PageCache = ReturnType<typeof createPageCache>;

async function load(project: string, options: UpstreamOptions, cache: PageCache, signal: AbortSignal | undefined): Promise<ProjectPage | undefined> {
  const now = (options.now ?? Date.now)();
  const url = `${options.indexUrl.replace(/\/+$/, '')}/${project}/`;
  const kept = await cache.read(shown(url));
  if (kept && now - Date.parse(kept.page.fetchedAt) < limits.indexPageFreshMs) return kept.page;
  try {
    const fetched = await fetchPage(project, url, options, kept, now, signal);
    if (fetched) await cache.write(shown(url), fetched);
    return fetched?.page;
  } catch (error) {
    if (!kept || !(error instanceof Unreachable)) throw error;
    const doubt = { about: project, doubt: `the index did not answer; its page is of ${kept.page.fetchedAt}` };
    return { ...kept.page, doubts: [...kept.page.doubts, doubt] };
  }
}

async function fetchPage(project: string, url: string, options: UpstreamOptions, kept: CachedPage | undefined, now: number, signal?: AbortSignal): Promise<CachedPage | undefined> {
  const conditions = { ...(kept?.etag ? { 'if-none-match': kept.etag } : {}), ...(kept?.lastModified ? { 'if-modified-since': kept.lastModified } : {}) };
  const answer = await found(options.client, url, { accept: pageTypes, ...conditions }, signal);
  const fetchedAt = new Date(now).toISOString();
  if (answer.status === 304 && kept) return { ...kept, page: { ...kept.page, fetchedAt } };
  if (answer.status === 404 || answer.status === 410) return undefined;
  if (answer.status !== 200) throw new Unreachable(`${shown(url)}: answered ${answer.status}`);
  const files = await withTimes(project, parsed(answer.bytes, answer.headers['content-type'], answer.url), options, signal);
  const { etag, 'last-modified': lastModified } = answer.headers;
  return { page: doubtPage({ project, files, fetchedAt }, kept?.page, now), ...(etag ? { etag } : {}), ...(lastModified ? { lastModified } : {}) };
}

/** A name that is not there may be one that a mirror is only about to fetch: it is asked for twice. */
async function found(client: HttpClient, url: string, headers: Record<string, string>, signal?: AbortSignal): ReturnType<HttpClient['getBytes']> {
  const first = await client.getBytes(url, headers, signal);
  return first.status === 404 ? client.getBytes(url, headers, signal) : first;
}

function parsed(bytes: Buffer, contentType: string | undefined, url: string): IndexFile[] {
  try {
    return readPage(bytes, contentType, url);
  } catch (error) {
    throw new Unreachable(`${shown(url)}: ${error instanceof Error ? error.message.slice(0, 300) : String(error)}`, { cause: error });
  }
}

const JsonApi = z.object({
  releases: z.record(
    z.string(),
    z.array(
      z.object({
        filename: z.string(),
        upload_time: z.string().nullish(),
        upload_time_iso_8601: z.string().nullish(),
        size: z.number().int().nonnegative().nullish(),
        digests: z.object({ sha256: z.string().optional() }).default({}),
      }),
    ),
  ),
});

/** Where the page has no times, the JSON API may; a time counts only for the very same file. */
async function withTimes(project: string, files: IndexFile[], { client, indexUrl }: UpstreamOptions, signal?: AbortSignal): Promise<IndexFile[]> {
  if (files.every(({ uploadedAt }) => uploadedAt !== undefined)) return files;
  const base = indexUrl.replace(/\/+$/, '');
  if (!base.endsWith('/simple')) return files;
  const url = `${base.slice(0, -'simple'.length)}pypi/${project}/json`;
  const answer = await client.getBytes(url, { accept: 'application/json' }, signal);
  if (answer.status !== 200) return files;
  const times = new Map(releasesOf(answer.bytes).map((each) => [each.filename, each]));
  return files.map((file) => {
    const told = times.get(file.filename);
    const uploadedAt = instantOf(told?.upload_time_iso_8601 ?? told?.upload_time);
    if (file.uploadedAt !== undefined || !told || uploadedAt === undefined) return file;
    if (told.digests.sha256 !== undefined && file.hashes['sha256'] !== undefined && told.digests.sha256 !== file.hashes['sha256']) return file;
    return { ...file, uploadedAt, ...(told.size == null ? {} : { sizeBytes: told.size }) };
  });
}

/** What is no JSON of that shape tells no times: its files are then not offered. */
function releasesOf(bytes: Buffer): z.infer<typeof JsonApi>['releases'][string] {
  try {
    return Object.values(JsonApi.parse(JSON.parse(bytes.toString('utf8'))).releases).flat();
  } catch {
    return [];
  }
}
