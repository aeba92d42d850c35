import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scanDirectory } from '../../../activities/scan/scan.ts';
import { example, fakes } from './examples.ts';

const options = { fingerprintKey: Buffer.alloc(32, 7) };
const elf = Buffer.from('\x7fELF\x02\x01\x01', 'latin1');
const privateKey = example('-----BEGIN RSA PRIVATE KEY-----\nMII<base64:61>\n<base64:64>\n-----END RSA PRIVATE KEY-----\n');
let directory: string;
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'rates-test-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function severities(path: string, bytes: Uint8Array | string): Promise<string[]> {
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  writeFileSync(join(directory, path), bytes);
  const { findings } = await scanDirectory(directory, options);
  return findings.map(({ severity }) => severity);
}

describe('in binaries', () => {
  const letters = example('<alnum:34>');
  const token = fakes.huggingFace();
  it.each([
    ['a mangled name of C++', `\0_ZN5torch4hf_${letters}E\0`, []],
    ['a mangled name of Rust', `\0_RNvNtCskHulEq_6hf_${letters}ENt\0`, []],
    ['a name that only begins like a mangled one', `\0_RELEASE_TOKEN_${token}\0`, ['block']],
    ['letters that run on in a program', `\0Xhf_${letters}Y\0`, ['warn']],
    ['a token that stands alone in a program', `\0${fakes.huggingFace()}\0`, ['block']],
  ])('%s', async (_what, text, expected) => {
    expect(await severities('lib.so', Buffer.concat([elf, Buffer.alloc(16), Buffer.from(text, 'latin1')]))).toEqual(expected);
  });

  it('a token between other columns of a database blocks', async () => {
    expect(await severities('a.db', Buffer.from(`SQLite format 3\0${'\0'.repeat(90)}user${fakes.huggingFace()}2023\0`, 'latin1'))).toEqual(['block']);
  });

  it('a short marshalled string before another is no token', async () => {
    const code = Buffer.concat([Buffer.from([0, 0xe3, 0xda, 11]), Buffer.from('hf_compilerzAotEagerAndRecordGraphsAndSoOn'), Buffer.alloc(4)]);
    expect(await severities('a.pyc', code)).toEqual([]);
  });

  it.each([' ', '"', '\n', '\t'])('a token behind a word of another script and %j is found', async (separator) => {
    expect(await severities('.a.py.swp', Buffer.concat([Buffer.from('b0VIM\0'), Buffer.from([0xe6, 0x96, 0x8c]), Buffer.from(`${separator}${token}\n`)]))).toEqual(['block']);
  });

  it('a token behind letters that could be a length is found whole', async () => {
    const token = fakes.huggingFace();
    expect(await severities('.a.py.swp', Buffer.from(`b0VIM\0baz ${token}\n`, 'latin1'))).toEqual(['block']);
    const { findings } = await scanDirectory(directory, options);
    expect(findings[0]?.length).toBe(token.length);
  });
});

describe('what an installed package brings along', () => {
  it.each([
    ['a private key of a submission', 'keys/server.pem', privateKey, 'block'],
    ['a private key of a package', 'node_modules/ssh2/test/fixtures/id_rsa', privateKey, 'warn'],
    ['a private key of a package in an image', 'usr/lib/python3.11/site-packages/tornado/test/test.key', privateKey, 'warn'],
    ['a token in the directory of a package', 'env/lib/python3.11/site-packages/huggingface_hub/token.py', `T = "${fakes.huggingFace()}"`, 'block'],
    ['a token in the documentation of the system', 'usr/share/doc/a/README', `export T=${fakes.huggingFace()}`, 'block'],
  ])('%s: %s', async (_what, path, text, severity) => {
    expect(await severities(path, text)).toEqual([severity]);
  });

  it('values that a package prints for everybody are noted only', async () => {
    const published = join(import.meta.dirname, '../../../node_modules/@secretlint/secretlint-rule-preset-recommend/module');
    const { findings } = await scanDirectory(published, options);
    expect(findings.filter(({ severity }) => severity === 'block')).toEqual([]);
    expect(findings.filter(({ severity }) => severity === 'note').length).toBeGreaterThan(0);
  });
});
