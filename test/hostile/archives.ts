import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { treeFromArchive } from '../../activities/io/archives.ts';
import type { HostileBench } from './bench.ts';

/** Attacks on intake, which are archives rather than directories. */
export async function archiveBomb(bench: HostileBench): Promise<unknown> {
  return taken(bench, { name: 'zeros', content: Buffer.alloc(200_000_000) });
}

export async function archiveWithParentPath(bench: HostileBench): Promise<unknown> {
  return taken(bench, { name: '../../../../etc/cron.d/stolen', content: Buffer.from('* * * * * root true\n') });
}

async function taken({ store, dependencies }: HostileBench, { name, content }: { name: string; content: Buffer }): Promise<unknown> {
  const directory = await mkdtemp(join(tmpdir(), 'reprise-archive-'));
  try {
    const tar = pack();
    tar.entry({ name }, content);
    tar.finalize();
    const path = join(directory, 'submission.tar.gz');
    await writeFile(path, await buffer(tar.pipe(createGzip())));
    return await treeFromArchive(store, path, {
      maxBytes: 10_000_000,
      maxFiles: 100,
      tooLarge: 'SOURCE_TOO_LARGE',
      unsafe: 'SOURCE_UNSAFE_PATH',
      unreadable: 'SOURCE_UNREADABLE',
      scratchDirectory: dependencies.settings.scratchDirectory,
    });
  } finally {
    await rm(directory, { recursive: true });
  }
}
