import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { produceFile } from './files.ts';
import { SetupError } from './step.ts';

export interface Release {
  url: string;
  /** Of the archive. */
  sha256: string;
  /** Path of the program within the archive. */
  member: string;
}

/**
 * Puts a released program in place. Returns why not where the network does not give it, so that the caller can build it
 * instead; throws SetupError where it gives something else than was released, which nobody should run.
 */
export async function downloadProgram(release: Release, target: string, waitingFor: (what: string) => void): Promise<string> {
  waitingFor(`downloading ${release.url}`);
  const archive = `${target}.tar.gz`;
  try {
    const refusal = await download(release, archive, waitingFor);
    if (refusal !== 'ok') return refusal;
    await produceFile(target, 0o755, (temporary) => unpack(archive, release.member, temporary));
    return 'ok';
  } finally {
    await rm(archive, { force: true });
  }
}

/** GitHub answers in less than a second where it can be reached. */
const answerMs = 10_000;
const downloadMs = 10 * 60_000;

async function download({ url, sha256 }: Release, archive: string, waitingFor: (what: string) => void): Promise<string> {
  const response = await fetchAnswer(url);
  if (typeof response === 'string') return response;
  const hash = createHash('sha256');
  let bytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      const before = bytes;
      bytes += chunk.length;
      if (bytes >> 24 !== before >> 24) waitingFor(`downloading ${url}: ${bytes >> 20} MiB`);
      done(null, chunk);
    },
  });
  try {
    await pipeline(Readable.fromWeb(response.body), measure, createWriteStream(archive), { signal: AbortSignal.timeout(downloadMs) });
  } catch (error) {
    return `the download broke off: ${error instanceof Error ? error.message : String(error)}`;
  }
  const actual = hash.digest('hex');
  if (actual === sha256) return 'ok';
  throw new SetupError(`${url} gave a file of SHA-256 ${actual} instead of ${sha256}`, 'Do not use it; look at what stands between this machine and the release.');
}

type Body = Parameters<typeof Readable.fromWeb>[0];

async function fetchAnswer(url: string): Promise<{ body: Body } | string> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error(`no answer in ${answerMs / 1_000} s`)), answerMs);
  try {
    const response = await fetch(url, { signal: controller.signal });
    if (response.ok && response.body) return { body: response.body as Body };
    return `the download answers ${response.status}`;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return `the download is not reachable: ${cause instanceof Error ? cause.message : String(cause)}`;
  } finally {
    clearTimeout(timer);
  }
}

async function unpack(archive: string, member: string, target: string): Promise<void> {
  let found = false;
  const entries = extract();
  const reading = pipeline(createReadStream(archive), createGunzip(), entries);
  for await (const entry of entries) {
    if (entry.header.name.replace(/^\.\//, '') === member) {
      found = true;
      await pipeline(entry, createWriteStream(target));
    } else {
      entry.resume();
    }
  }
  await reading;
  if (!found) throw new SetupError(`the release holds no ${member}`, 'Report this; the table in infra/binaries.ts is wrong.');
}
