import { buffer } from 'node:stream/consumers';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { putProject, serveIndex, sha256, startUpstream, wheel, type ServedIndex, type UpstreamServer } from './upstream-server.ts';

const asOf = '/as-of/2023-10-26T00:00:00.000Z';
const old = { filename: 'tool-1.0-py3-none-any.whl', uploadedAt: '2023-01-01T00:00:00.000001Z' };
const young = { filename: 'tool-2.0-py3-none-any.whl', uploadedAt: '2023-10-26T00:00:00Z' };

let upstream: UpstreamServer;
let index: ServedIndex;

beforeEach(async () => {
  upstream = await startUpstream();
  index = await serveIndex(`${upstream.url}/simple`);
});
afterEach(async () => {
  await index.close();
  await upstream.close();
});

describe('a file of the index', () => {
  const path = `${asOf}/files/tool/tool-1.0-py3-none-any.whl`;

  it('comes through whole, and is told with its hash and time', async () => {
    const bytes = await wheel('tool', '1.0', [], 300_000);
    putProject(upstream, 'tool', [{ ...old, bytes }]);
    const answer = await fetch(index.origin + path);
    expect(sha256(Buffer.from(await answer.arrayBuffer()))).toBe(sha256(bytes));
    expect(index.events.at(-1)).toMatchObject({ kind: 'file', version: '1.0', sha256: sha256(bytes), sizeBytes: bytes.byteLength, file: { uploadedAt: old.uploadedAt } });
  });

  it('is taken up where the connection broke', async () => {
    const bytes = await wheel('tool', '1.0', [], 300_000);
    putProject(upstream, 'tool', [{ ...old, bytes }]);
    upstream.before = (request, response, times) => {
      if (!request.url?.startsWith('/packages/') || times > 1) return false;
      response.writeHead(200, { 'content-length': bytes.byteLength }).write(bytes.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 50));
      return true;
    };
    const answer = await fetch(index.origin + path);
    expect(sha256(Buffer.from(await answer.arrayBuffer()))).toBe(sha256(bytes));
    expect(upstream.asked.at(-1)).toMatch(/ bytes=\d+-$/);
  });

  it('never arrives whole where its hash is another', async () => {
    putProject(upstream, 'tool', [old]);
    upstream.files.set('/packages/tool-1.0-py3-none-any.whl', Buffer.from('something else'));
    await expect(fetch(index.origin + path).then((answer) => answer.arrayBuffer())).rejects.toThrow();
    expect(index.events).toEqual([{ kind: 'unreachable', message: expect.stringContaining('its sha256 is') }]);
  });

  it('is not there before its time, whatever its address', async () => {
    putProject(upstream, 'tool', [young]);
    expect((await index.get(`${asOf}/files/tool/${young.filename}`)).status).toBe(404);
  });

  it('gives parts', async () => {
    putProject(upstream, 'tool', [{ ...old, bytes: Buffer.from('0123456789') }]);
    const answer = await fetch(index.origin + path, { headers: { range: 'bytes=2-4' } });
    expect([answer.status, await answer.text()]).toEqual([206, '234']);
  });

  it('names newer versions that are yanked today', async () => {
    putProject(upstream, 'tool', [old, { filename: 'tool-1.1-py3-none-any.whl', uploadedAt: '2023-02-01T00:00:00Z', yanked: 'a mistake' }]);
    await index.get(path);
    expect(index.events.at(-1)).toMatchObject({ newerYanked: ['1.1 was there on the date and is yanked today (a mistake)'] });
  });

  it('names no yanked version that was not final', async () => {
    putProject(upstream, 'tool', [old, { filename: 'tool-1.1rc1-py3-none-any.whl', uploadedAt: '2023-02-01T00:00:00Z', yanked: 'a mistake' }]);
    await index.get(path);
    expect(index.events.at(-1)).toMatchObject({ newerYanked: [] });
  });
});

describe('metadata of a wheel', () => {
  const path = `${asOf}/files/tool/tool-1.0-py3-none-any.whl.metadata`;
  const beside = 'Metadata-Version: 2.1\nName: Tool\nVersion: 1.0\nRequires-Dist: beside\n';

  it.each([
    ['what lies beside it', beside, sha256(Buffer.from(beside)), 'beside'],
    ['what lies beside it without a claim', beside, undefined, 'beside'],
    ['the wheel, where the hash is another', beside, sha256(Buffer.from('x')), 'within'],
    ['the wheel, where it is of something else', beside.replace('Tool', 'other'), undefined, 'within'],
    ['the wheel, where nothing lies beside it', undefined, sha256(Buffer.from('x')), 'within'],
  ])('are read from %s', async (_, text, metadataSha256, requirement) => {
    const bytes = await wheel('tool', '1.0', ['within'], 600_000);
    putProject(upstream, 'tool', [{ ...old, bytes, ...(metadataSha256 === undefined ? {} : { metadataSha256 }) }]);
    if (text !== undefined) upstream.files.set('/packages/tool-1.0-py3-none-any.whl.metadata', Buffer.from(text));
    expect((await index.get(path)).text).toContain(`Requires-Dist: ${requirement}`);
    expect(upstream.asked.filter((each) => / bytes=\d{2,}/.test(each)).length).toBeLessThan(3);
  });
});

describe('an sdist, for who must not build', () => {
  it('is offered as a wheel whose metadata it says itself', async () => {
    putProject(upstream, 'tool', [{ filename: 'tool-1.0.tar.gz', uploadedAt: old.uploadedAt, bytes: await sdist('torch\n\n[:python_version < "3.8"]\nbackport\n\n[dev]\npytest\n') }]);
    const predicted = asOf.replace('as-of', 'predicted');
    const { text } = await index.get(`${predicted}/simple/tool/`, 'application/vnd.pypi.simple.v1+json');
    const [file] = (JSON.parse(text) as { files: { filename: string; url: string }[] }).files;
    expect(file?.filename).toBe('tool-1.0-0reprise-py2.py3-none-any.whl');
    const metadata = await index.get(`${predicted}/files/tool/${file?.filename}.metadata`);
    expect(metadata.text.trim().split('\n')).toEqual(['Metadata-Version: 2.1', 'Name: tool', 'Version: 1.0', 'Requires-Python: >=3.7', 'Requires-Dist: torch', 'Requires-Dist: backport ; python_version < "3.8"', 'Provides-Extra: dev', 'Requires-Dist: pytest ; extra == "dev"']);
  });

  it('is an sdist for everybody else', async () => {
    putProject(upstream, 'tool', [{ filename: 'tool-1.0.tar.gz', uploadedAt: old.uploadedAt }]);
    expect((await index.get(`${asOf}/simple/tool/`)).text).not.toContain('reprise');
    expect((await index.get(`${asOf}/files/tool/tool-1.0-0reprise-py2.py3-none-any.whl.metadata`)).status).toBe(404);
  });
});

describe('the proxy of a build', () => {
  it('does not reach into the machine', async () => {
    const { request } = await import('node:http');
    const status = await new Promise((resolve) => {
      request(index.origin, { path: `${upstream.url}/simple/tool/` }, (answer) => (answer.resume(), resolve(answer.statusCode))).end();
    });
    expect(status).toBe(502);
    expect(upstream.asked).toEqual([]);
  });
});

async function sdist(requires: string): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: 'tool-1.0/PKG-INFO' }, 'Metadata-Version: 2.1\nName: tool\nVersion: 1.0\nRequires-Python: >=3.7\n');
  archive.entry({ name: 'tool-1.0/tool.egg-info/requires.txt' }, requires);
  archive.entry({ name: 'tool-1.0/vendored/x/y.egg-info/requires.txt' }, 'vendored');
  archive.finalize();
  return buffer(archive.pipe(createGzip()));
}
