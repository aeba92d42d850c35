import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { createHash } from 'node:crypto';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSession, type PartCache } from '../../../../activities/scan/session.ts';
import { scanImageInto } from '../../../../activities/scan/image.ts';
import { scanImage } from '../../../../activities/scan/scan.ts';
import type { ScanReport } from '../../../../domain/index.ts';
import { example, fakes } from '../../../activities/scan/examples.ts';
import { tarOf, zipOf } from '../../../activities/scan/packing.ts';
import { busyboxImage, ensureBusybox } from '../../../fixtures/busybox.ts';
import { engineDependencies, runName } from '../../../fixtures/engine.ts';

const { docker } = engineDependencies();
const options = { fingerprintKey: Buffer.alloc(32, 1) };
const tag = `reprise-test/${runName('scan')}:latest`;
const secrets = { deleted: fakes.huggingFace(), zipped: fakes.huggingFace(), environment: fakes.huggingFace(), label: fakes.huggingFace(), argument: example('sk-ant-api03-<base64url:93>AA'), command: fakes.huggingFace() };
let id: string;

beforeAll(async () => {
  await ensureBusybox(docker);
  const dockerfile = [
    `FROM ${busyboxImage}`,
    'COPY deleted.txt inner.zip /app/',
    'RUN rm /app/deleted.txt',
    `ENV TOKEN=${secrets.environment}`,
    `LABEL note="${secrets.label}"`,
    'ARG GIVEN',
    'RUN echo $GIVEN > /dev/null',
    `RUN echo ${secrets.command} > /dev/null`,
  ].join('\n');
  const zip = await zipOf({ 'a/b.py': Buffer.from(secrets.zipped) });
  const context = await tarOf({ Dockerfile: Buffer.from(dockerfile), 'deleted.txt': Buffer.from(secrets.deleted), 'inner.zip': zip });
  const answer = await docker.buildImage(Readable.from([context]), { t: tag, networkmode: 'none', buildargs: { GIVEN: secrets.argument } });
  const said = await text(answer);
  if (said.includes('errorDetail')) throw new Error(said);
  id = (await docker.getImage(tag).inspect()).Id;
});
afterAll(async () => void (await docker.getImage(tag).remove({ force: true })));

test('every layer, the configuration and the history are scanned, deleted files too', async () => {
  const report = await scanImage(docker, id, options);
  expect(report).toMatchObject({ complete: true });
  const session = createSession(options);
  for (const value of Object.values(secrets)) {
    expect(report.findings.map(({ fingerprint }) => fingerprint)).toContain(session.fingerprintOf(value));
  }
  const places = report.findings.map(({ path, within = [] }) => [path, ...within.slice(1)].join('!'));
  expect(places).toEqual(expect.arrayContaining(['app/deleted.txt', 'app/inner.zip!a/b.py', 'image configuration: Env', 'image configuration: Labels', 'image history']));
  expect(Object.values(secrets).filter((value) => JSON.stringify(report).includes(value))).toEqual([]);
});

test('a layer is scanned once, whichever images share it', async () => {
  const known = new Map<string, ScanReport>();
  const cache: PartCache = { get: async (diffId) => known.get(diffId), put: async (diffId, report) => void known.set(diffId, report) };
  const scan = async (): Promise<ScanReport> => {
    const session = createSession(options);
    await scanImageInto(session, docker, id, cache);
    return session.report();
  };
  const first = await scan();
  expect(known.size).toBe(first.scanned.layers);
  const again = await scan();
  expect(inLayers(again)).toEqual(inLayers(first));
});

test('a cut or foreign layer makes the scan incomplete', async () => {
  const layer = await tarOf({ 'a.txt': Buffer.from(secrets.deleted) });
  const diffId = `sha256:${createHash('sha256').update(layer).digest('hex')}`;
  const image = await buffer(savedImage({ 'x/layer.tar': layer }) as unknown as NodeJS.ReadableStream);
  expect(await scanOf(image, [diffId])).toMatchObject({ complete: true, findings: [{ path: 'a.txt' }] });
  expect(await scanOf(image.subarray(0, 1_200), [diffId])).toMatchObject({ complete: false });
  expect(await scanOf(image, [diffId, `sha256:${'0'.repeat(64)}`])).toMatchObject({ complete: false });
});

test('an image that is gone is named as that', async () => {
  await expect(scanImage(docker, `sha256:${'0'.repeat(64)}`, options)).rejects.toMatchObject({ type: 'IMAGE_GONE' });
});

function inLayers({ findings }: ScanReport): unknown[] {
  return findings.filter(({ within = [] }) => within[0]?.startsWith('sha256:'));
}

/** What an engine whose answer is cut short, or is another image's, would make the scan say. */
async function scanOf(bytes: Buffer, layers: string[]): Promise<ScanReport> {
  const image = { inspect: async () => ({ RootFS: { Layers: layers }, Config: {} }), history: async () => [], get: async () => Readable.from([bytes]) };
  return scanImage({ getImage: () => image } as unknown as typeof docker, 'x', options);
}

function savedImage(files: Record<string, Buffer>): ReturnType<typeof pack> {
  const tar = pack();
  for (const [name, bytes] of Object.entries(files)) tar.entry({ name }, bytes);
  tar.finalize();
  return tar;
}
