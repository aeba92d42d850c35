import { execFileSync, spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface GitServer {
  /** Of the repositories below the directory. */
  url: string;
  close(): Promise<void>;
}

/** Serves the bare repositories of a directory over HTTP, by git's own program. */
export async function startGitServer(directory: string): Promise<GitServer> {
  const server = createServer((request, response) => serve(directory, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => (server.close(() => resolve()), server.closeAllConnections())),
  };
}

function serve(directory: string, request: IncomingMessage, response: ServerResponse): void {
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const backend = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: directory,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: path,
      QUERY_STRING: query,
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
  });
  request.pipe(backend.stdin);
  const chunks: Buffer[] = [];
  backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  backend.on('close', () => {
    const output = Buffer.concat(chunks);
    const end = output.indexOf('\r\n\r\n');
    const fields = output.subarray(0, end).toString().split('\r\n').map((line) => line.split(': ') as [string, string]);
    const status = Number(fields.find(([name]) => name === 'Status')?.[1]?.slice(0, 3) ?? 200);
    response.writeHead(status, Object.fromEntries(fields.filter(([name]) => name !== 'Status'))).end(output.subarray(end + 4));
  });
}

/** A bare repository with a commit for each day, oldest first; gives back their hashes. */
export function makeRepository(directory: string, name: string, days: readonly string[]): string[] {
  const path = join(directory, name);
  const git = (args: string[], date = '2020-01-01T00:00:00Z'): string =>
    execFileSync('git', ['-C', path, ...args], { encoding: 'utf8', env: { PATH: process.env['PATH'], GIT_AUTHOR_NAME: 't', GIT_AUTHOR_EMAIL: 't@example.org', GIT_COMMITTER_NAME: 't', GIT_COMMITTER_EMAIL: 't@example.org', GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date } }).trim();
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', path]);
  git(['config', 'uploadpack.allowFilter', 'true']);
  git(['config', 'uploadpack.allowAnySHA1InWant', 'true']);
  const tree = git(['hash-object', '-t', 'tree', '-w', '/dev/null']);
  const commits: string[] = [];
  for (const day of days) {
    const parent = commits.at(-1);
    commits.push(git(['commit-tree', tree, '-m', day, ...(parent === undefined ? [] : ['-p', parent])], `${day}T12:00:00Z`));
  }
  git(['update-ref', 'refs/heads/main', commits.at(-1) ?? '']);
  git(['update-ref', 'refs/heads/stable', commits[1] ?? '']);
  git(['update-ref', 'refs/tags/v2', commits.at(-1) ?? '']);
  return commits;
}
