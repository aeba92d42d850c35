import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');

/** Below the ephemeral ports; by the checkout's path, so that two of them can be tested at the same time. */
const firstPort = 20_000 + (createHash('sha256').update(root).digest().readUInt16BE(0) % 4_000) * 3;

/** Where upstreams of a test listen that builds may reach: not 127.0.0.1, which programs ask past their proxy. */
export const buildReaches = `127.0.0.2:${firstPort}`;

/** The stack of the tests: a home, ports, a namespace and a bucket of its own; the engine and the cache of binaries are shared. */
export const testStackEnvironment = {
  REPRISE_HOME: resolve(root, '.reprise', 'test'),
  REPRISE_HOST: `${hostname()}-test`,
  REPRISE_NAMESPACE: 'reprise-test',
  REPRISE_S3_BUCKET: 'reprise-test',
  REPRISE_TEMPORAL_PORT: String(firstPort),
  REPRISE_TEMPORAL_UI_PORT: String(firstPort + 1),
  REPRISE_S3_PORT: String(firstPort + 2),
  REPRISE_BUILD_REACHES: buildReaches,
};
