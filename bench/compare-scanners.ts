import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { lintSource } from '@secretlint/core';
import { creator } from '@secretlint/secretlint-rule-preset-recommend';
import type { SecretLintCoreConfig } from '@secretlint/types';
import { execa } from 'execa';

/** What a scanner says of one place; the value itself is hashed at once. */
export interface Said {
  path: string;
  sha256: string;
}

export interface Compared {
  tool: string;
  said: Said[];
  seconds: number;
}

/** gitleaks with its own rules over a directory, and over the history of a repository where one is given. */
export async function runGitleaks(binary: string, directory: string, repository: string | undefined): Promise<Compared> {
  const scratch = mkdtempSync(join(tmpdir(), 'reprise-compare-'));
  try {
    const run = async (mode: 'dir' | 'git', target: string): Promise<{ said: Said[]; seconds: number }> => {
      const report = join(scratch, `${mode}.json`);
      const started = performance.now();
      await execa(binary, [mode, target, '--report-format', 'json', '--report-path', report, '--exit-code', '0', '--no-banner', '--log-level', 'fatal'], { reject: false });
      const seconds = (performance.now() - started) / 1_000;
      // It gives up a history of which an object is missing.
      const found = (existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : []) as { File: string; Secret: string }[];
      return { said: found.map(({ File, Secret }) => ({ path: mode === 'dir' ? relative(directory, File) : 'history', sha256: hashOf(Secret) })), seconds };
    };
    const files = await run('dir', directory);
    const history = repository === undefined ? [] : (await run('git', repository)).said;
    const version = (await execa(binary, ['version'])).stdout.trim();
    // Built with `go install` it does not know its version.
    return { tool: /^v?\d/.test(version) ? `gitleaks ${version}` : 'gitleaks', said: [...files.said, ...history], seconds: files.seconds };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** secretlint with its recommended preset over the text files of a directory, whole, as its own command reads them. */
export async function runSecretlint(directory: string): Promise<Compared> {
  const config = { rules: [{ id: '@secretlint/secretlint-rule-preset-recommend', rule: creator, options: {} }] } as SecretLintCoreConfig;
  const said: Said[] = [];
  const started = performance.now();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    if (bytes.subarray(0, 8_000).includes(0)) continue;
    const content = bytes.toString('utf8');
    const source = { filePath: path, content, contentType: 'text' as const, ext: '.txt' };
    const { messages } = await lintSource({ source, options: { config, noPhysicFilePath: false } });
    said.push(...messages.map(({ range: [from, to] }) => ({ path: relative(directory, path), sha256: hashOf(content.slice(from, to)) })));
  }
  return { tool: `secretlint ${versionOf('@secretlint/core')}`, said, seconds: (performance.now() - started) / 1_000 };
}

function versionOf(name: string): string {
  const path = join(import.meta.dirname, '..', 'node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

function hashOf(value: string): string {
  return createHash('sha256').update(value, 'latin1').digest('hex');
}
