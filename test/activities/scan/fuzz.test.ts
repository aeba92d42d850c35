import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { scanContent } from '../../../activities/scan/content.ts';
import { outermost } from '../../../activities/scan/nesting.ts';
import { createSession } from '../../../activities/scan/session.ts';
import { createRandom, fakes } from './examples.ts';
import { tarOf, zipOf } from './packing.ts';

const rounds = 5_000;
/** A few lines, as the program bzip2 packs them: nothing here could. */
const bzip2 = Buffer.from('QlpoOTFBWSZTWap7seIAAA1RAAAQQAACJaAAMQwA2oYmoiIMhSni7kinChIVT3Y8QA==', 'base64');

it(`${rounds} mutated archives, notebooks and headers neither crash nor hang the scan`, { timeout: 120_000 }, async () => {
  const random = createRandom(4_711);
  const seeds = await seedContents();
  for (let round = 0; round < rounds; round += 1) {
    const seed = seeds[round % seeds.length] ?? Buffer.alloc(0);
    const session = createSession({ fingerprintKey: Buffer.alloc(32) });
    await scanContent(session, outermost('fuzzed'), inPieces(mutated(seed, random), random));
    const report = session.report();
    expect(report.complete).toBe(report.incompleteBecause === undefined);
  }
});

async function seedContents(): Promise<Buffer[]> {
  const text = Buffer.from(`TOKEN = "${fakes.huggingFace()}"\n-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nhttps://a:b@c\n`);
  const zip = await zipOf({ 'm.py': text, 'n.txt': Buffer.alloc(3_000, 'ab') });
  const tar = await tarOf({ 'm.py': text, [`${'d/'.repeat(80)}n.txt`]: Buffer.from('x') });
  const notebook = Buffer.from(JSON.stringify({ cells: [{ source: ['a', text.toString()] }], nbformat: 4 }));
  const header = Buffer.concat([Buffer.from([40, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('{"a":{"data_offsets":[0,16]}}             '), Buffer.alloc(16), text]);
  const envelope = Buffer.from(JSON.stringify({ payload: text.toString('base64'), 'moby.buildkit.buildinfo.v1': text.toString('base64') }));
  const layout = await tarOf({ [`blobs/sha256/${'a'.repeat(64)}`]: envelope });
  return [text, zip, tar, gzipSync(tar), gzipSync(zip), await zipOf({ 'a.tar': tar, 'b.gz': gzipSync(text) }), notebook, header, Buffer.from(text.toString(), 'utf16le'), layout, zstdCompressSync(tar), bzip2];
}

/** A few bytes changed, removed or repeated, or the end cut off. */
function mutated(seed: Buffer, random: () => number): Buffer {
  let bytes: Buffer = Buffer.from(seed);
  const at = (): number => Math.floor(random() * bytes.length);
  for (let changes = 1 + Math.floor(random() * 4); changes > 0; changes -= 1) {
    const [place, kind] = [at(), random()];
    if (kind < 0.6) bytes[place] = Math.floor(random() * 256);
    else if (kind < 0.75) bytes = bytes.subarray(0, place);
    else if (kind < 0.9) bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(Math.min(bytes.length, place + 1 + Math.floor(random() * 64)))]);
    else bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(Math.max(0, place - 600))]);
  }
  return bytes;
}

async function* inPieces(bytes: Buffer, random: () => number): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; ) {
    const to = from + 1 + Math.floor(random() * 4_000);
    yield bytes.subarray(from, to);
    from = to;
  }
}
