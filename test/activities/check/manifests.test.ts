import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkPaths } from '../../../activities/check/check.ts';
import { checkSarif } from '../../../activities/check/sarif.ts';
import { checkText, hasErrors } from '../../../activities/check/text.ts';
import { CheckReport } from '../../../domain/index.ts';

let root = '';
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'check-'))));
afterEach(() => rmSync(root, { recursive: true }));

async function check(texts: Record<string, string | Uint8Array>, options: { port?: number } = {}): Promise<CheckReport> {
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return CheckReport.parse(await checkPaths([root], options));
}

const manifest = (serve: string): string => `name: entry\nserve:\n  dockerfile: Dockerfile\n${serve}`;
const server = 'FROM debian:12\nCOPY main.py /\nCMD ["uvicorn", "main:app", "--port", "8000"]\n';
const contest = 'from fastapi import FastAPI\napp = FastAPI()\n@app.post("/process")\ndef process(): ...\n@app.post("/tokenize")\ndef tokenize(): ...\n';

describe('a reprise.yaml that a run would refuse is an error of the preflight:', () => {
  test.each<[string, string | Uint8Array, number, RegExp]>([
    ['broken YAML', 'name: [x\n', 2, /Flow sequence/],
    ['a misspelt field', 'name: entry\nserv:\n  dockerfile: Dockerfile\n', 1, /line 1: serve: is missing; line 2: serv: no such field/],
    ['a Dockerfile that is not there', 'name: entry\nserve:\n  dockerfile: Docker\n', 3, /there is no file Docker$/],
    ['a context that is not there', manifest('  context: source\n'), 4, /there is no directory source$/],
    ['another encoding', Buffer.from('name: \xe9\n', 'latin1'), 1, /not valid UTF-8/],
    ['too much of it', `# ${'x'.repeat(70_000)}\n`, 1, /larger than/],
  ])('%s', async (_what, text, line, message) => {
    const report = await check({ 'reprise.yaml': text, Dockerfile: 'FROM debian:12\n' });
    const path = join(root, 'reprise.yaml');
    expect(report.manifests).toEqual([{ path, findings: [expect.objectContaining({ code: 'MANIFEST_INVALID', severity: 'error', line, message: expect.stringMatching(message) })] }]);
    expect(hasErrors(report)).toBe(true);
    expect(report.summary).toMatch(/^1 Dockerfile: 1 error, /);
    expect(checkText(report)).toContain(`${path}:${line}: error: reprise.yaml`);
    expect(JSON.stringify(checkSarif(report, '1'))).toMatch(/"ruleId":"MANIFEST_INVALID","ruleIndex":\d+/);
  });
});

describe('what a reprise.yaml declares goes before evidence:', () => {
  test('role and context', async () => {
    const texts = { 'reprise.yaml': 'name: entry\nserve:\n  dockerfile: train/Dockerfile\n  context: .\n', 'train/Dockerfile': 'FROM debian:12\nCOPY top.txt /\n', 'top.txt': 'x' };
    const { dockerfiles } = await check(texts);
    expect(dockerfiles).toMatchObject([{ role: 'serve', context: root, evidence: { role: 'reprise.yaml', context: 'reprise.yaml' }, findings: [] }]);
  });

  test('of a submission in a directory of its own', async () => {
    const { dockerfiles, manifests } = await check({ 'a/reprise.yaml': manifest('  port: 8000\n'), 'a/Dockerfile': server, 'a/main.py': contest });
    expect(manifests).toEqual([{ path: join(root, 'a/reprise.yaml'), findings: [] }]);
    expect(dockerfiles).toMatchObject([{ findings: [] }]);
  });

  test.each([
    ['the declared port', manifest('  port: 8000\n'), server, undefined, []],
    ['another declared port', manifest('  port: 9000\n'), server, undefined, ['PORT_NOT_80']],
    ['no declared port', manifest(''), server, undefined, ['PORT_NOT_80']],
    ['no declared port, but the only one that the image exposes', manifest(''), `${server}EXPOSE 8000\n`, undefined, []],
    ['no declared port, and two that the image exposes', manifest(''), `${server}EXPOSE 8000 9000\n`, undefined, ['PORT_NOT_80']],
    ['a declared port, and another on the command line', manifest('  port: 8000\n'), server, 80, ['PORT_NOT_80']],
  ])('a server at %s', async (_what, text, dockerfile, port, codes) => {
    const { dockerfiles } = await check({ 'reprise.yaml': text, Dockerfile: dockerfile, 'main.py': contest }, port === undefined ? {} : { port });
    expect(dockerfiles.flatMap(({ findings }) => findings.map(({ code }) => code))).toEqual(codes);
  });

  test('a server of an OpenAI API need not answer the contest’s endpoints', async () => {
    const openai = 'from fastapi import FastAPI\napp = FastAPI()\n@app.post("/v1/completions")\ndef completions(): ...\n';
    const codes = async (text: string): Promise<string[]> => (await check({ 'reprise.yaml': text, Dockerfile: server, 'main.py': openai })).dockerfiles.flatMap(({ findings }) => findings.map(({ code }) => code));
    expect(await codes(manifest('  port: 8000\n'))).toEqual(['ENDPOINT_MISSING', 'ENDPOINT_MISSING']);
    expect(await codes(manifest('  port: 8000\n  api: openai-completions\n'))).toEqual([]);
  });
});
