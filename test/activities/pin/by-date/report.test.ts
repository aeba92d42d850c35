import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Settings } from '../../../../activities/dependencies.ts';
import { getJson, putBlob } from '../../../../activities/io/blobs.ts';
import { putTree } from '../../../../activities/io/trees.ts';
import { pinSubmission } from '../../../../activities/pin/index.ts';
import { openAuthority } from '../../../../activities/record/authority.ts';
import { startProxy } from '../../../../activities/record/proxy.ts';
import { blobKey, mediaTypes, PinReport, resolvedDependencies, treeOf } from '../../../../domain/index.ts';
import { memoryStore } from '../../../fakes/memory-store.ts';
import { makeRepository, startGitServer, type GitServer } from './git-server.ts';
import { putProject, startUpstream, type UpstreamServer } from './upstream-server.ts';

const directory = mkdtempSync(join(tmpdir(), 'reprise-report-'));
let commits: string[];
let git: GitServer;
let registry: UpstreamServer;
let proxy: Awaited<ReturnType<typeof startProxy>>;
let settings: Settings;

beforeAll(async () => {
  commits = makeRepository(directory, 'team/model', ['2023-01-01', '2023-09-01', '2023-12-01']);
  makeRepository(directory, 'gpt2', ['2020-01-01', '2023-12-01']);
  git = await startGitServer(directory);
  registry = await startUpstream();
  registry.pages.set('/tool', { type: 'application/json', body: JSON.stringify({ time: { '1.0.0': '2023-01-01T00:00:00Z', '2.0.0': '2024-01-01T00:00:00Z' }, versions: { '1.0.0': {}, '2.0.0': {} } }) });
  putProject(registry, 'a', [{ filename: 'a-1.0-py3-none-any.whl', uploadedAt: '2023-01-01T00:00:00Z' }]);
  const authority = await openAuthority(join(directory, 'authority.pem'));
  writeFileSync(join(directory, 'bundle.pem'), authority.certificate);
  // The operator's proxy, behind which is what stands for the hub.
  proxy = await startProxy({ address: '127.0.0.1', port: 0, authority, answer: async (asked, response) => handOn(asked, response), onTrouble: () => undefined });
  settings = { imageMap: {}, caBundle: join(directory, 'bundle.pem'), httpProxy: undefined, httpsProxy: `http://127.0.0.1:${proxy.port}`, pipIndexUrl: `${registry.url}/simple/`, npmRegistryUrl: registry.url, scratchDirectory: directory } as Settings;
});
afterAll(async () => {
  await proxy.close();
  await git.close();
  await registry.close();
  rmSync(directory, { recursive: true });
});

function handOn(asked: IncomingMessage, response: ServerResponse): void {
  const url = new URL(asked.url ?? '', 'https://huggingface.co');
  const onward = request(`${git.url}${url.pathname}${url.search}`, { method: asked.method, headers: { ...asked.headers, host: new URL(git.url).host } }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  asked.pipe(onward);
}

const engine = { getImage: () => ({ inspect: async () => ({ Id: `sha256:${'b'.repeat(64)}` }) }), info: async () => ({}) } as unknown as Docker;

async function pinned(lines: string): Promise<{ report: PinReport; text: string }> {
  const store = memoryStore();
  const { sha256, sizeBytes } = await putBlob(store, Buffer.from(`FROM localhost:1/base:1\n${lines}`), mediaTypes.text);
  const snapshot = await putTree(store, treeOf([{ type: 'file', path: 'Dockerfile', executable: false, sha256, sizeBytes }]));
  const submission = { snapshot, images: [{ role: 'serve' as const, dockerfile: 'Dockerfile', context: '.', evidence: '' }], asOf: { date: '2023-10-25T00:00:00Z', source: 'request' as const } };
  const { result } = await pinSubmission({ store, docker: engine, settings }, submission, { signal: new AbortController().signal, report: () => undefined });
  const report = PinReport.parse(await getJson(store, result.report));
  return { report, text: Buffer.from(store.objects.get(blobKey(result.dockerfiles[0]?.artifact.sha256 ?? '')) ?? []).toString('utf8') };
}

it('the report says what the registry of npm and the hub had on the date', async () => {
  const { report, text } = await pinned('RUN npm install -g tool && pip install a\nRUN huggingface-cli download team/model && huggingface-cli download gpt2\nRUN huggingface-cli download meta-llama/Llama-2-7b-hf\n');
  const inputs = report.images.flatMap((image) => image.inputs).map(({ kind, spec, verdict, fidelity }) => [kind, spec, verdict, fidelity].join(' ').trim());
  expect(inputs).toEqual(['base localhost:1/base:1 exact near', 'npm tool by-date faithful', 'pip a by-date faithful', 'hub team/model exact faithful', 'hub gpt2 exact faithful', 'hub meta-llama/Llama-2-7b-hf resists']);
  expect(report.summary).toBe('6 inputs: 4 faithful, 1 near, 1 resists (gated model)');
  expect(text).toContain('\nARG npm_config_before=2023-10-25T00:00:01.000Z\n');
  expect(text).toContain(`huggingface-cli download team/model --revision ${commits[1]}`);
  expect(resolvedDependencies({ pin: report })).toContainEqual({ name: 'team/model', digest: { gitCommit: commits[1] }, annotations: { committedAt: '2023-09-01T12:00:00.000Z', fidelity: 'faithful' } });
});

it('what could not be asked for its history is no longer called faithful', async () => {
  const { report } = await pinned('RUN huggingface-cli download team/absent && huggingface-cli download a/b/c\n');
  expect(report.images[0]?.inputs.filter(({ kind }) => kind === 'hub').map(({ spec, verdict, fidelity }) => ({ spec, verdict, fidelity }))).toEqual([
    { spec: 'team/absent', verdict: 'resists', fidelity: undefined },
    { spec: 'a/b/c', verdict: 'by-recording', fidelity: undefined },
  ]);
});

it('a registry that the submission names is not asked in the past of another', async () => {
  const { report, text } = await pinned('RUN npm config set registry https://npm.example && npm install -g tool\nRUN pip config set global.index-url https://index.example/simple && pip install a\n');
  expect(report.images[0]?.inputs.map(({ kind, verdict }) => `${kind} ${verdict}`)).toEqual(['base exact', 'npm by-recording', 'pip by-recording']);
  expect(text).not.toMatch(/npm_config_before|PIP_INDEX_URL/);
});
