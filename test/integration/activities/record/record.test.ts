import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildImages, replayBuild } from '../../../../activities/build/index.ts';
import type { Dependencies } from '../../../../activities/dependencies.ts';
import { relayName } from '../../../../activities/io/docker/names.ts';
import { getBlob, putBlob } from '../../../../activities/io/blobs.ts';
import { putTree } from '../../../../activities/io/trees.ts';
import { withStageLog } from '../../../../activities/logs/index.ts';
import { parseDockerfile } from '../../../../activities/pin/dockerfile.ts';
import { rewrite } from '../../../../activities/pin/rewrite.ts';
import { compareImages } from '../../../../activities/record/compare.ts';
import { exchangesIn } from '../../../../activities/record/journal.ts';
import { mediaTypes, treeOf, type RecordedExchange, type Submission } from '../../../../domain/index.ts';
import type { BuildResult } from '../../../../workflows/contract.ts';
import { busyboxImage, ensureBusybox } from '../../../fixtures/busybox.ts';
import { engineDependencies, runName, stageContext } from '../../../fixtures/engine.ts';
import { takenSubmission, type TakenSubmission } from '../../../fixtures/submissions.ts';
import { startWorld, type World } from './world.ts';

let world: World;
let dependencies: ReturnType<typeof engineDependencies>;
const built = new Set<string>();

beforeAll(async () => {
  world = await startWorld();
  const authorityFile = join(mkdtempSync(join(tmpdir(), 'reprise-authority-')), 'recording.pem');
  dependencies = engineDependencies({ caBundle: world.forge.caBundle, recording: { authorityFile, reachable: world.reachable } });
  await ensureBusybox(dependencies.docker);
});
afterAll(async () => {
  for (const id of built) await dependencies.docker.getImage(id).remove({ force: true }).catch(() => undefined);
  await world.close();
});

async function submissionOf(dockerfile: string): Promise<TakenSubmission> {
  const { store } = dependencies;
  const { text } = rewrite(parseDockerfile(Buffer.from(dockerfile)), [], true);
  const [pinned, original] = [await putBlob(store, Buffer.from(text), mediaTypes.text), await putBlob(store, Buffer.from(dockerfile), mediaTypes.text)];
  const images: Submission['images'] = [{ role: 'serve', dockerfile: 'Dockerfile', context: '.', evidence: 'test' }];
  const { submission } = await takenSubmission(store, 'build-step-fails', busyboxImage);
  const entry = { type: 'file', path: 'Dockerfile', executable: false, sha256: original.sha256, sizeBytes: original.sizeBytes } as const;
  return {
    submission: { ...submission, images, snapshot: await putTree(store, treeOf([entry])) },
    pin: { dockerfiles: [{ role: 'serve', artifact: { ...pinned, path: 'serve', role: 'dockerfile' } }], report: '0'.repeat(64), artifacts: [], summary: '' },
  };
}

type How = { run?: string; fresh?: boolean; replay?: boolean; with?: Partial<Dependencies> };

async function build(taken: TakenSubmission, { run = runName('record'), fresh = false, replay = false, with: changed = {} }: How = {}): Promise<BuildResult> {
  const ours = { ...dependencies, ...changed };
  const context = stageContext(run, 'build');
  return withStageLog(ours, context, (line) => line, async (log) => {
    const { result } = await (replay ? replayBuild(ours, taken, context, log) : buildImages(ours, { ...taken, fresh }, context, log));
    built.add(result.images[0]?.id ?? '');
    return result;
  });
}

async function exchangesOf({ recordings }: BuildResult): Promise<RecordedExchange[]> {
  return exchangesIn(await getBlob(dependencies.store, recordings?.[0]?.recording ?? ''));
}

const unique = (): string => `RUN echo ${runName('unique')}\n`;

describe('a recorded build', { timeout: 300_000 }, () => {
  it('goes out through the proxy only, and leaves nothing of it in the image', async () => {
    const result = await build(await submissionOf(`FROM ${busyboxImage}\n${unique()}RUN wget -q -O /file ${world.site.origin}/moved.txt && ! nc -w 2 1.1.1.1 80 </dev/null\n`));
    expect(result.recordings).toMatchObject([{ role: 'serve', verdict: 'recorded', requests: 2, open: [] }]);
    expect((await exchangesOf(result)).map(({ url, status }) => [url, status])).toEqual([[`${world.site.origin}/moved.txt`, 302], [`${world.site.origin}/file.txt`, 200]]);
    expect(result.artifacts.map(({ path, role }) => [path, role])).toContainEqual(['build/serve.recording.jsonl', 'recording']);
    const image = dependencies.docker.getImage(result.images[0]?.id ?? '');
    const [described, history] = [await image.inspect(), JSON.stringify(await image.history())];
    expect(JSON.stringify(described) + history).not.toContain('proxy.reprise.internal');
    expect(described.Config.Env).toEqual(['PATH=/bin']);
    expect((await dependencies.docker.listNetworks()).filter(({ Name }) => Name.startsWith('reprise-t-record'))).toEqual([]);
  });

  it.each([
    ['breaks off of it', (url: string) => `wget -q -O /file ${url}`],
    ['goes on all the same', (url: string) => `wget -q -O /file ${url} & sleep 600`],
  ])('is not charged to the submission where its network is killed and the step %s', async (_, step) => {
    const run = runName('killed');
    const before = world.hanging();
    const building = build(await submissionOf(`FROM ${busyboxImage}\n${unique()}RUN ${step(`${world.site.origin}/hang`)}\n`), { run });
    building.catch(() => undefined);
    await expect.poll(world.hanging, { timeout: 60_000 }).toBe(before + 1);
    await dependencies.docker.getContainer(relayName({ run, stage: 'build' })).kill();
    await expect(building).rejects.toMatchObject({ type: 'RELAY_LOST', nonRetryable: false });
    expect((await dependencies.docker.listContainers({ all: true })).filter(({ Names }) => Names.some((name) => name.includes(run)))).toEqual([]);
  });

  it('counts layers of the cache with what they took in, and builds anew those that were never recorded', async () => {
    const first = unique();
    const fetch = (name: string): string => `RUN wget -q -O /${name} ${world.site.origin}/file.txt?${name}\n`;
    const one = await build(await submissionOf(`FROM ${busyboxImage}\n${first}${fetch('a')}`));
    const asked = world.site.asked.length;
    const two = await build(await submissionOf(`FROM ${busyboxImage}\n${first}${fetch('a')}${fetch('b')}`));
    expect(world.site.asked.slice(asked)).toEqual(['GET /file.txt?b']);
    expect(await exchangesOf(two)).toHaveLength(2);
    const elsewhere = engineDependencies(dependencies.settings);
    for (const [key, bytes] of dependencies.store.objects) if (!key.startsWith('cache/')) elsewhere.store.objects.set(key, bytes);
    const three = await build(await submissionOf(`FROM ${busyboxImage}\n${first}${fetch('a')}`), { with: { store: elsewhere.store } });
    expect(three.images[0]?.id).not.toBe(one.images[0]?.id);
    expect(three.recordings).toMatchObject([{ requests: 1 }]);
  });

  it('is answered from the recording in a later run, and earns its verdict then', async () => {
    const taken = await submissionOf(`FROM ${busyboxImage}\n${unique()}RUN wget -q -O /now ${world.site.origin}/now\n`);
    const run = runName('record');
    const first = await build(taken, { run });
    expect((await build(taken, { run })).recordings).toMatchObject([{ verdict: 'recorded' }]);
    const asked = world.site.asked.length;
    const later = await build(taken);
    expect(later.recordings).toMatchObject([{ verdict: 'pinned', open: [], recording: first.recordings?.[0]?.recording }]);
    expect(world.site.asked).toHaveLength(asked);
    expect(await compareImages(dependencies.docker, first.images[0]?.id ?? '', later.images[0]?.id ?? '')).toMatchObject({ identical: true, differing: [] });
    expect((await build(taken, { fresh: true })).recordings).toMatchObject([{ verdict: 'recorded' }]);
    expect(world.site.asked.length).toBe(asked + 1);
  });

  it('takes what ADD names through the same proxy, after redirects too, and from the recording later', async () => {
    const add = `FROM ${busyboxImage}\n${unique()}ADD ${world.site.origin}/moved.txt /data/\nADD ${world.site.origin}/file.txt .\nRUN [ "$(stat -c %a /data/moved.txt)" = 600 ] && cmp /data/moved.txt /file.txt\n`;
    const taken = await submissionOf(add);
    const first = await build(taken);
    expect((await exchangesOf(first)).map(({ url, status, step }) => [url, status, step])).toEqual([[`${world.site.origin}/moved.txt`, 302, 0], [`${world.site.origin}/file.txt`, 200, 0]]);
    const asked = world.site.asked.length;
    const later = await build(taken, { replay: true });
    expect(later.recordings).toMatchObject([{ verdict: 'pinned', open: [] }]);
    expect(world.site.asked).toHaveLength(asked);
    expect(await compareImages(dependencies.docker, first.images[0]?.id ?? '', later.images[0]?.id ?? '')).toMatchObject({ identical: true });
  });

  it.each([
    ['a redirect into this machine', '/inward', '', 'BUILD_NETWORK_REFUSED', 'may not reach'],
    ['a redirect to itself', '/circle', '', 'BUILD_STEP_FAILED', 'redirected more than'],
    ['a content that is not what it must be', '/file.txt', `--checksum=sha256:${'0'.repeat(64)} `, 'BUILD_STEP_FAILED', 'its content is sha256:'],
    ['a file that is gone', '/gone.txt', '', 'BUILD_STEP_FAILED', 'status 404'],
    ['a body that is cut off', '/cut', '', 'BUILD_NETWORK', '/cut'],
  ])('fails by name where ADD meets %s', async (_what, path, flags, code, words) => {
    const taken = await submissionOf(`FROM ${busyboxImage}\nADD ${flags}${world.site.origin}${path} /x\n`);
    await expect(build(taken)).rejects.toMatchObject({ type: code, message: expect.stringMatching(new RegExp(`^Dockerfile line 2: ADD http.*${words}`)) });
  });

  it('is not pinned where the replay asks for something else', async () => {
    const failing = await submissionOf(`FROM ${busyboxImage}\n${unique()}RUN wget -q -O /now "${world.site.origin}/now?$(cat /proc/sys/kernel/random/uuid)"\n`);
    await build(failing);
    await expect(build(failing, { replay: true })).rejects.toMatchObject({ type: 'REPLAY_MISSING_REQUEST', message: expect.stringContaining(`GET ${world.site.origin}/now?`) });
    const lenient = await submissionOf(`FROM ${busyboxImage}\n${unique()}RUN wget -q -O /now "${world.site.origin}/now?$(cat /proc/sys/kernel/random/uuid)" || true\n`);
    await build(lenient);
    expect((await build(lenient, { replay: true })).recordings).toMatchObject([{ verdict: 'recorded', open: [expect.stringContaining('not recorded')] }]);
    await expect(build(await submissionOf(`FROM ${busyboxImage}\n${unique()}`), { replay: true })).rejects.toMatchObject({ type: 'REPLAY_MISSING_REQUEST' });
  });

  it.each([
    ['another way out', 'RUN nc 1.1.1.1 9418', 'BUILD_NETWORK_REFUSED', 'past the proxy: nc: can\'t connect to remote host (1.1.1.1): Network is unreachable'],
    ['a name server', 'RUN unset http_proxy; wget -O /x http://files.example/', 'BUILD_NETWORK_REFUSED', "past the proxy: wget: bad address 'files.example'"],
    ['a service of this machine', 'RUN wget -O /x http://127.0.0.3:22/ -Y on', 'BUILD_NETWORK_REFUSED', 'http://127.0.0.3:22/'],
    ['a server that is not there', 'RUN wget -O /x http://127.0.0.1:9/', 'BUILD_NETWORK', ''],
  ])('%s is told', async (what, step, code, words) => {
    const down = what === 'a server that is not there';
    const settings = { ...dependencies.settings, recording: { authorityFile: '', ...dependencies.settings.recording, reachable: down ? ['127.0.0.5:9'] : [] } };
    const taken = await submissionOf(`FROM ${busyboxImage}\n${unique()}${down ? 'RUN wget -O /x http://127.0.0.5:9/' : step}\n`);
    await expect(build(taken, { with: { settings } })).rejects.toMatchObject({ type: code, message: expect.stringContaining(words) });
  });
});

/** As a submission of the contest: everything from outside, bare names, and no word of a proxy. */
const everything = (site: string, forge: string): string => `FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl git python3-pip wget && rm -rf /var/lib/apt/lists/*
${unique()}RUN pip install --no-cache-dir --no-compile --break-system-packages --trusted-host 127.0.0.2 --index-url ${site}/simple/ tiny
RUN git clone --depth 1 ${forge}/model.git /model && rm -rf /model/.git/index /model/.git/logs
RUN curl -fsSL ${site}/moved.txt -o /curled.txt && wget -q ${forge}/model.git/HEAD -O /head.txt
`;

describe('a submission that takes in everything', { timeout: 600_000 }, () => {
  it('builds again from its recording when every server is gone, and the same', async () => {
    const taken = await submissionOf(everything(world.site.origin, world.forge.origin));
    const recorded = await build(taken);
    const exchanges = await exchangesOf(recorded);
    expect(exchanges.filter(({ method }) => method === 'POST').map(({ url }) => url)).toContain(`${world.forge.origin}/model.git/git-upload-pack`);
    await world.close();
    const replayed = await build(taken, { replay: true });
    expect(replayed.recordings).toMatchObject([{ verdict: 'pinned', open: [], requests: exchanges.length }]);
    const compared = await compareImages(dependencies.docker, recorded.images[0]?.id ?? '', replayed.images[0]?.id ?? '');
    expect(compared.packages).toMatchObject({ onlyFirst: [], onlySecond: [] });
    expect(compared.differing.filter(({ cause }) => !['pyc', 'log', 'cache', 'timestamp'].includes(cause))).toEqual([]);
  });
});
