import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import { gitBackend } from '../../../../examples/upstreams/git-backend.ts';
import { plainUpstream, tlsUpstream, type TestUpstream } from '../../../activities/record/upstreams.ts';

export interface World {
  /** Plain HTTP: a package index and files. */
  site: TestUpstream;
  /** TLS: git over smart HTTP. */
  forge: TestUpstream & { caBundle: string };
  reachable: string[];
  /** Requests for /hang, which are never answered. */
  hanging(): number;
  close(): Promise<void>;
}

/** Of this machine, and none that builds ask past their proxy (NO_PROXY). */
const address = '127.0.0.2';

/** A package index with one wheel, a file, and a git server with one repository, all on loopback. */
export async function startWorld(): Promise<World> {
  const wheel = await tinyWheel();
  const digest = createHash('sha256').update(wheel).digest('hex');
  let hanging = 0;
  const site = await plainUpstream((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    if (pathname === '/simple/tiny/') return void response.setHeader('content-type', 'text/html').end(`<a href="/files/tiny-1.0-py3-none-any.whl#sha256=${digest}">tiny-1.0-py3-none-any.whl</a>`);
    if (pathname === '/files/tiny-1.0-py3-none-any.whl') return void response.end(wheel);
    if (pathname === '/moved.txt') return void response.writeHead(302, { location: '/file.txt' }).end();
    if (pathname === '/inward') return void response.writeHead(302, { location: 'http://127.0.0.3:22/' }).end();
    if (pathname === '/circle') return void response.writeHead(302, { location: '/circle' }).end();
    if (pathname === '/cut') return void response.writeHead(200, { 'content-length': '5000' }).write('begin', () => setTimeout(() => response.destroy(), 50));
    if (pathname === '/hang') return void (hanging += 1);
    if (pathname === '/now') return void response.end(String(Date.now()));
    if (pathname === '/file.txt') return void response.end('a file\n');
    response.writeHead(404).end('nothing here\n');
  }, address);
  const root = gitRoot();
  const forge = await tlsUpstream((request, response) => void gitBackend(root, request, response), address);
  return { site, forge, reachable: [site.hostPort, forge.hostPort], hanging: () => hanging, close: () => Promise.all([site.close(), forge.close()]).then(() => undefined) };
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
