import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gitBackend } from './git-backend.ts';

/** As the Dockerfiles of examples/unpinned name it. Not 127.0.0.1, which programs ask past their proxy. */
export const usualAddress = '127.0.0.2:8765';

export interface Upstreams {
  address: string;
  /** `GET /nouns.txt` for each request that came. */
  asked: string[];
  close(): Promise<void>;
}

/** Starts the servers that examples/unpinned was written for; everything of theirs goes with `close`. */
export async function startUpstreams(address: string): Promise<Upstreams> {
  const root = mkdtempSync(join(tmpdir(), 'reprise-upstreams-'));
  makeRepository(root);
  const files = new Map(['nouns.txt', 'irregular.json'].map((name) => [`/${name}`, readFileSync(join(import.meta.dirname, name))]));
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const [path = ''] = (request.url ?? '').split('?');
    asked.push(`${request.method} ${path}`);
    const file = files.get(path);
    if (file) response.end(file);
    else if (path.startsWith('/endings.git/')) void gitBackend(root, request, response);
    else response.writeHead(404).end('nothing here\n');
  });
  const [host = '', port] = address.split(':');
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(Number(port ?? 0), host, resolve));
  return {
    address: `${host}:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        rmSync(root, { recursive: true, force: true });
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Two versions, one before the submission's date and one after it; the same commits on every machine. */
function makeRepository(root: string): void {
  const work = join(root, 'work');
  mkdirSync(work);
  git(work, '2022-01-10T12:00:00Z', 'init', '--quiet', '--initial-branch', 'main');
  copyFileSync(join(import.meta.dirname, 'endings', 'pyproject.toml'), join(work, 'pyproject.toml'));
  for (const [version, at] of [['then', '2022-01-10T12:00:00Z'], ['now', '2024-06-01T12:00:00Z']] as const) {
    copyFileSync(join(import.meta.dirname, 'endings', `${version}.py`), join(work, 'endings.py'));
    git(work, at, 'add', '.');
    git(work, at, 'commit', '--quiet', '--message', `The library ${version}`);
  }
  git(root, '', 'clone', '--quiet', '--bare', work, join(root, 'endings.git'));
}

function git(directory: string, at: string, ...args: string[]): void {
  const who = { GIT_AUTHOR_NAME: 'upstream', GIT_AUTHOR_EMAIL: 'upstream@example.org', GIT_COMMITTER_NAME: 'upstream', GIT_COMMITTER_EMAIL: 'upstream@example.org' };
  execFileSync('git', ['-C', directory, ...args], { stdio: 'ignore', env: { ...process.env, ...who, ...(at === '' ? {} : { GIT_AUTHOR_DATE: at, GIT_COMMITTER_DATE: at }) } });
}
