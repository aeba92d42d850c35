/**
 * Speed and memory of the secret scan, as JSON: a tree of source files, a layer, a stream of zeros, and lines of one megabyte
 * made to be slow (each rule's keyword repeated, alone and followed by what its pattern accepts). Rates are in MB/s (10^6
 * bytes), by the clock and by CPU time, since the machine may be busy. `--large` streams 10 GB where 1 GB is the default.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack } from 'tar-stream';
import { scanBytes } from '../activities/scan/bytes.ts';
import { scanContent } from '../activities/scan/content.ts';
import { outermost } from '../activities/scan/nesting.ts';
import { scanDirectory } from '../activities/scan/scan.ts';
import { createSession } from '../activities/scan/session.ts';
import { breadthKeywords, expandExample, secretRules } from '../domain/secrets/index.ts';

const MB = 1_000_000;
const options = { fingerprintKey: Buffer.alloc(32) };
const streamBytes = (process.argv.includes('--large') ? 10_000 : 1_000) * MB;
let state = 1;

const tree = makeTree(2_000, 40_000);
await scanDirectory(tree.path, options); // compiled and cached, as in a worker that runs for days
const source = await rate(tree.bytes, () => scanDirectory(tree.path, options));
rmSync(tree.path, { recursive: true });
const layer = await rate(streamBytes / 2, () => scanOf(layerChunks(streamBytes / 2)));
const zeros = await rate(streamBytes * 2, () => scanOf(repeated(Buffer.alloc(MB), streamBytes / MB * 2)));
const lines = await slowestLines();
console.log(JSON.stringify({ bench: 'scan', source, layer, zeros, slowestLines: lines, maxRssMegabytes: Math.round(process.resourceUsage().maxRSS / 1024) }, null, 1));

interface Rate {
  megabytesPerSecond: number;
  megabytesPerCpuSecond: number;
  seconds: number;
}

async function rate(bytes: number, work: () => Promise<unknown>): Promise<Rate> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  return { megabytesPerSecond: Math.round(bytes / MB / seconds), megabytesPerCpuSecond: Math.round(bytes / (user + system)), seconds: Number(seconds.toFixed(2)) };
}

async function scanOf(chunks: AsyncIterable<Buffer>): Promise<unknown> {
  const session = createSession(options);
  await scanContent(session, outermost('bench'), chunks);
  return session.report();
}

/** The five slowest of all lines, found with short ones, with the time of twice the length: two or less is linear. */
async function slowestLines(): Promise<{ line: string; megabytesPerSecond: number; timesForTwice: number }[]> {
  const tried: { name: string; unit: string; time: number }[] = [];
  for (const [name, unit] of slowUnits()) tried.push({ name, unit, time: await timeOfLine(unit, MB / 20) });
  const measured = [];
  for (const { name, unit } of tried.sort((a, b) => b.time - a.time).slice(0, 5)) {
    const [once, twice] = [await timeOfLine(unit, MB), await timeOfLine(unit, 2 * MB)];
    measured.push({ line: name, megabytesPerSecond: Number((1_000 / once).toFixed(2)), timesForTwice: Number((twice / once).toFixed(2)) });
  }
  return measured;
}

/** CPU time: by the clock, twice the work takes anything from one to four times as long on a busy machine. */
async function timeOfLine(unit: string, bytes: number): Promise<number> {
  const line = Buffer.alloc(bytes, unit, 'latin1');
  const cpu = process.cpuUsage();
  await scanBytes(createSession(options), { path: 'line', within: [] }, repeated(line, 1));
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / 1_000;
}

function slowUnits(): [string, string][] {
  const keywords = [...new Set([...secretRules.flatMap((rule) => rule.keywords), ...breadthKeywords])];
  return [
    ...keywords.map((word): [string, string] => [`${word} repeated`, word]),
    ...keywords.map((word): [string, string] => [`${word} and a long run`, `${word}${expandExample('<alnum:60>', random)}`]),
    ...secretRules.flatMap((rule) => rule.mustMatch.map((text): [string, string] => [`${rule.id} repeated`, `${expandExample(text, random)} `])),
    ['a', 'a'],
    ['://a:', '://a:'],
  ];
}

function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}

function makeTree(files: number, bytesEach: number): { path: string; bytes: number } {
  const path = mkdtempSync(join(tmpdir(), 'reprise-bench-scan-'));
  const body = sourceText(bytesEach);
  for (let index = 0; index < files; index += 1) {
    mkdirSync(join(path, String(index % 50)), { recursive: true });
    writeFileSync(join(path, String(index % 50), `${index}.py`), body);
  }
  return { path, bytes: files * body.length };
}

function sourceText(bytes: number): Buffer {
  const lines = [
    'import torch, wandb\nfrom transformers import AutoTokenizer, AutoModelForCausalLM\n',
    'tokenizer = AutoTokenizer.from_pretrained(model_id, padding_side="left", use_auth_token=os.environ.get("HF_TOKEN"))\n',
    '    loss = outputs.loss / gradient_accumulation_steps  # see https://pytorch.org/docs/stable/index.html\n',
    '    logger.info("step %d of %d: loss %.4f, learning rate %.2e", step, total, loss.item(), scheduler.get_last_lr()[0])\n',
  ];
  return Buffer.alloc(bytes, lines.join(''));
}

/** As an image's layer: many small files, some large ones with random bytes. */
function layerChunks(bytes: number): AsyncIterable<Buffer> {
  const tar = pack();
  const text = sourceText(8_000);
  const library = Buffer.from(Array.from({ length: 2 * MB }, (_unused, index) => (index * 2_654_435_761) >>> (index % 23)));
  let written = 0;
  const next = (): void => {
    if (written >= bytes) return tar.finalize();
    const body = (written / MB) % 4 < 1 ? text : library;
    written += body.length + 512;
    tar.entry({ name: `usr/lib/${written}` }, body, next);
  };
  next();
  return tar as unknown as AsyncIterable<Buffer>;
}

async function* repeated(chunk: Buffer, times: number): AsyncGenerator<Buffer> {
  for (let index = 0; index < times; index += 1) yield chunk;
}
