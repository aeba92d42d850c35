import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import { plainUpstream, tlsUpstream, type TestUpstream } from '../../../activities/record/upstreams.ts';

export interface World {
  /** Plain HTTP: a package index and files. */
  site: TestUpstream;
  /** TLS: git over smart HTTP. */
  forge: TestUpstream & { caBundle: string };
  reachable: string[];
  close(): Promise<void>;
}

/** Of this machine, and none that builds ask past their proxy (NO_PROXY). */
const address = '127.0.0.2';

/** A package index with one wheel, a file, and a git server with one repository, all on loopback. */
export async function startWorld(): Promise<World> {
  const wheel = await tinyWheel();
  const digest = createHash('sha256').update(wheel).digest('hex');
  const site = await plainUpstream((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    if (pathname === '/simple/tiny/') return void response.setHeader('content-type', 'text/html').end(`<a href="/files/tiny-1.0-py3-none-any.whl#sha256=${digest}">tiny-1.0-py3-none-any.whl</a>`);
    if (pathname === '/files/tiny-1.0-py3-none-any.whl') return void response.end(wheel);
    if (pathname === '/moved.txt') return void response.writeHead(302, { location: '/file.txt' }).end();
    if (pathname === '/now') return void response.end(String(Date.now()));
    if (pathname === '/file.txt') return void response.end('a file\n');
    response.writeHead(404).end('nothing here\n');
  }, address);
  const root = gitRoot();
  const forge = await tlsUpstream((request, response) => void gitBackend(root, request, response), address);
  return { site, forge, reachable: [site.hostPort, forge.hostPort], close: () => Promise.all([site.close(), forge.close()]).then(() => undefined) };
}

async function tinyWheel(): Promise<Buffer> {
  const zip = new ZipFile();
  const add = (name: string, text: string): void => zip.addBuffer(Buffer.from(text), name, { mtime: new Date('2020-01-01T00:00:00Z') });
  add('tiny.py', 'answer = 42\n');
  add('tiny-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n');
  add('tiny-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n');
  add('tiny-1.0.dist-info/RECORD', 'tiny.py,,\ntiny-1.0.dist-info/METADATA,,\ntiny-1.0.dist-info/WHEEL,,\ntiny-1.0.dist-info/RECORD,,\n');
  zip.end();
  return buffer(zip.outputStream);
}

function gitRoot(): string {
  const root = mkdtempSync(join(tmpdir(), 'reprise-forge-'));
  const work = join(root, 'work');
  mkdirSync(work);
  git(work, 'init', '-q', '-b', 'main');
  writeFileSync(join(work, 'model.txt'), 'weights\n');
  git(work, 'add', '.');
  git(work, 'commit', '-q', '-m', 'first');
  git(root, 'clone', '-q', '--bare', work, join(root, 'model.git'));
  return root;
}

function git(directory: string, ...args: string[]): void {
  execFileSync('git', ['-C', directory, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { stdio: 'ignore' });
}

/** The CGI program of git itself. */
async function gitBackend(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const headers = request.headers;
  const env = {
    PATH: process.env['PATH'], GIT_PROJECT_ROOT: root, GIT_HTTP_EXPORT_ALL: '1', GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*',
    PATH_INFO: path, QUERY_STRING: query, REQUEST_METHOD: request.method ?? '', CONTENT_TYPE: headers['content-type'] ?? '',
    ...(headers['content-encoding'] === undefined ? {} : { HTTP_CONTENT_ENCODING: headers['content-encoding'] }),
    ...(typeof headers['git-protocol'] === 'string' ? { GIT_PROTOCOL: headers['git-protocol'] } : {}),
  };
  const child = spawn('git', ['http-backend'], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  request.pipe(child.stdin);
  const answer = await buffer(child.stdout);
  const end = answer.indexOf('\r\n\r\n');
  const fields = answer.subarray(0, end).toString().split('\r\n').map((line) => line.split(': ', 2) as [string, string]);
  const status = Number(fields.find(([name]) => name === 'Status')?.[1]?.slice(0, 3) ?? 200);
  response.writeHead(status, Object.fromEntries(fields.filter(([name]) => name !== 'Status'))).end(answer.subarray(end + 4));
}
