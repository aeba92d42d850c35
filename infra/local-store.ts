import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The key file of the local object store, in the form that the server's environment and systemd read. */
export function storeKeyFile(home: string): string {
  return join(home, 'keys', 's3.env');
}

export const storeKeyVariables = { accessKeyId: 'ROOT_ACCESS_KEY_ID', secretAccessKey: 'ROOT_SECRET_ACCESS_KEY' } as const;

/** The credentials that `up` made for the local store; none where the store is elsewhere or keys are given. */
export function localStoreCredentials(config: {
  home: string;
  s3Endpoint: string;
  s3AccessKeyId?: string | undefined;
}): { s3AccessKeyId?: string; s3SecretAccessKey?: string } {
  const path = storeKeyFile(config.home);
  if (config.s3AccessKeyId !== undefined || !isLoopback(config.s3Endpoint) || !existsSync(path)) return {};
  const values = readEnvironmentFile(path);
  const accessKeyId = values[storeKeyVariables.accessKeyId];
  const secretAccessKey = values[storeKeyVariables.secretAccessKey];
  if (accessKeyId === undefined || secretAccessKey === undefined) return {};
  return { s3AccessKeyId: accessKeyId, s3SecretAccessKey: secretAccessKey };
}

/** Whether an address (`http://127.0.0.1:7070`, `localhost:7233`) is on this machine. */
export function isLoopback(address: string): boolean {
  const url = URL.canParse(address) && /^[a-z0-9]+:\/\//i.test(address) ? address : `tcp://${address}`;
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

/** Lines `NAME=value`; values are ours and need no quoting. */
export function readEnvironmentFile(path: string): Record<string, string> {
  const lines = readFileSync(path, 'utf8').split('\n').filter((line) => line.includes('='));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}
