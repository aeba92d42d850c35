import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from './config.ts';
import { storeKeyFile, storeKeyVariables } from './local-store.ts';
import type { Problem, Step } from './step.ts';

interface KeyFile {
  path: string;
  what: string;
  make(): string;
}

/** Makes every key that is missing, once and never again: an existing file is not touched. */
export function keysStep(config: Config): Step {
  return {
    name: 'Keys',
    check: async () => keyProblems(config).at(0) ?? 'ok',
    async apply() {
      for (const { path, make } of keyFiles(config)) if (!existsSync(path)) create(path, make(), 0o600);
      const publicPath = publicKeyFile(config);
      if (!existsSync(publicPath)) create(publicPath, publicKeyOf(config), 0o644);
    },
  };
}

/** The public half of the signing key, which auditors are given. */
export function publicKeyFile({ signingKeyFile }: Pick<Config, 'signingKeyFile'>): string {
  return signingKeyFile.replace(/(\.pem)?$/, '.pub.pem');
}

/** What is wrong with the key files: missing, or open to others. */
export function keyProblems(config: Config): Problem[] {
  const secret = keyFiles(config).flatMap(({ path, what }): Problem[] => {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode;
    if (mode === undefined) return [{ problem: `${what} (${path}) is missing`, nextStep: 'Run `reprise up`; it makes one.' }];
    if ((mode & 0o077) === 0) return [];
    return [{ problem: `${what} (${path}) can be read by other users`, nextStep: `Run: chmod 600 ${path}` }];
  });
  const publicPath = publicKeyFile(config);
  if (existsSync(publicPath)) return secret;
  return [...secret, { problem: `the public signing key (${publicPath}) is missing`, nextStep: 'Run `reprise up`; it writes it.' }];
}

function keyFiles(config: Config): KeyFile[] {
  return [
    { path: config.suiteKeyFile, what: 'the key of the closed suites', make: hexadecimalKey },
    { path: config.fingerprintKeyFile, what: 'the key of the fingerprints', make: hexadecimalKey },
    { path: config.signingKeyFile, what: 'the signing key', make: signingKey },
    { path: storeKeyFile(config.home), what: 'the keys of the local object store', make: storeKeys },
  ];
}

function hexadecimalKey(): string {
  return `${randomBytes(32).toString('hex')}\n`;
}

function signingKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function publicKeyOf({ signingKeyFile }: Config): string {
  const key = createPublicKey(createPrivateKey(readFileSync(signingKeyFile)));
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

function storeKeys(): string {
  const { accessKeyId, secretAccessKey } = storeKeyVariables;
  return `${accessKeyId}=reprise-${randomBytes(6).toString('hex')}\n${secretAccessKey}=${randomBytes(24).toString('hex')}\n`;
}

/** Whole or not at all, and never over a file that somebody made meanwhile. */
function create(path: string, content: string, mode: number): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, content, { mode, flag: 'wx' });
  try {
    linkSync(temporary, path);
  } finally {
    rmSync(temporary);
  }
}
