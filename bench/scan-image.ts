/**
 * Speed and memory of an image's scan as JSON: an image of one layer, half zeros, half random, is put into the engine, saved to
 * nowhere, and scanned as the engine saves it. The engine writes the layer anew from its files each time, so that the rate of
 * `docker save` alone is the most that a scan can have; `megabytesPerCpuSecond` is what one core scans. `--large` takes 10 GB.
 */
import { randomFillSync } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { pack, type Pack } from 'tar-stream';
import { createDocker } from '../activities/io/docker/connection.ts';
import { scanImage } from '../activities/scan/scan.ts';
import { readConfig } from '../infra/config.ts';

const MB = 1_000_000;
const fileBytes = 100 * 1024 ** 2;
const wantedBytes = (process.argv.includes('--large') ? 10_000 : 1_000) * MB;
const docker = createDocker(readConfig().dockerSocket);
const reference = `reprise-bench/scan-image:${process.pid}`;

const [repo = '', tag = ''] = reference.split(':');
const imported = (await docker.importImage(layer() as unknown as NodeJS.ReadableStream as never, { repo, tag })) as AsyncIterable<Buffer>;
for await (const said of imported) void said;
try {
  const before = await saved();
  const scan = await scanned(before.bytes);
  const after = await saved();
  console.log(JSON.stringify({ bench: 'scan-image', save: [before, after].map(({ megabytesPerSecond }) => megabytesPerSecond), scan }, null, 1));
} finally {
  await docker.getImage(reference).remove({ force: true });
}

async function saved(): Promise<{ bytes: number; megabytesPerSecond: number }> {
  const started = performance.now();
  let bytes = 0;
  for await (const chunk of (await docker.getImage(reference).get()) as AsyncIterable<Buffer>) bytes += chunk.length;
  return { bytes, megabytesPerSecond: rate(bytes, performance.now() - started) };
}

async function scanned(bytes: number): Promise<object> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const { complete } = await scanImage(docker, reference, { fingerprintKey: Buffer.alloc(32) });
  const milliseconds = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  const maxRssMegabytes = Math.round(process.resourceUsage().maxRSS / 1024);
  return { complete, megabytesPerSecond: rate(bytes, milliseconds), megabytesPerCpuSecond: rate(bytes, (user + system) / 1_000), maxRssMegabytes };
}

function rate(bytes: number, milliseconds: number): number {
  return Math.round(bytes / 1_000 / milliseconds);
}

function layer(): Pack {
  const tar = pack();
  void fill(tar);
  return tar;
}

async function fill(tar: Pack): Promise<void> {
  const [zeros, noise] = [Buffer.alloc(1024 ** 2), randomFillSync(Buffer.alloc(1024 ** 2))];
  for (let written = 0; written < wantedBytes; written += fileBytes) {
    const entry = tar.entry({ name: `data/${written}`, size: fileBytes });
    for (let part = 0; part < fileBytes; part += zeros.length) {
      noise.writeUInt32LE((written + part) >>> 0, part % 4_096);
      if (!entry.write(Buffer.from((written / fileBytes) % 2 === 0 ? zeros : noise))) await new Promise((resolve) => entry.once('drain', resolve));
    }
    entry.end();
    await setImmediate();
  }
  tar.finalize();
}
