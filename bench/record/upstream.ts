/** Serves bodies of any size over TLS on loopback: `/<bytes>?rate=<bytes per second>`. Prints its port. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

const [key = '', cert = ''] = process.argv.slice(2);
const portion = randomBytes(256 * 1024);

const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'https://x');
  const size = Number(pathname.slice(1));
  response.writeHead(200, { 'content-length': String(size) });
  Readable.from(portions(size, Number(searchParams.get('rate') ?? Infinity))).on('error', () => undefined).pipe(response);
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));

async function* portions(size: number, bytesPerSecond: number): AsyncGenerator<Buffer> {
  const startedAt = performance.now();
  for (let sent = 0; sent < size; sent += portion.length) {
    const dueMs = (sent / bytesPerSecond) * 1_000 - (performance.now() - startedAt);
    if (dueMs > 1) await sleep(dueMs);
    yield portion.subarray(0, Math.min(portion.length, size - sent));
  }
}
