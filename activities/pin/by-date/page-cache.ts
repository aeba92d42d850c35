import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProjectPage } from './files.ts';

export interface CachedPage {
  page: ProjectPage;
  etag?: string;
  lastModified?: string;
}

export interface PageCache {
  read(url: string): Promise<CachedPage | undefined>;
  write(url: string, page: CachedPage): Promise<void>;
}

/** Raise it when pages are read in another way. */
const version = 1;

/** Pages of upstream on disk, reduced to what is used of them; written whole or not at all. Nothing where no directory is given. */
export function createPageCache(directory: string | undefined): PageCache {
  return {
    async read(url) {
      if (directory === undefined) return undefined;
      const text = await readFile(pathOf(directory, url), 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      return text === undefined ? undefined : (JSON.parse(text) as CachedPage);
    },
    async write(url, page) {
      if (directory === undefined) return;
      await mkdir(directory, { recursive: true });
      const path = pathOf(directory, url);
      const temporary = `${path}.${randomUUID()}`;
      await writeFile(temporary, JSON.stringify(page));
      await rename(temporary, path);
    },
  };
}

function pathOf(directory: string, url: string): string {
  return join(directory, `${createHash('sha256').update(`${version} ${url}`).digest('hex')}.json`);
}
