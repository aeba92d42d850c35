import { describe, expect, it } from 'vitest';
import { matchWindow } from '../../../activities/scan/matcher.ts';
import { expandExample, isPlaceholder, secretRules, withCrc32Checksum } from '../../../domain/secrets/index.ts';
import { createRandom, example, fakes } from './examples.ts';

function severityOf(text: string): string | undefined {
  return matchWindow(Buffer.from(text), 0, text.length, false).matches[0]?.severity;
}

function rulesIn(text: string | Buffer, binary = false): string[] {
  const bytes = Buffer.isBuffer(text) ? text : Buffer.from(text, 'latin1');
  return matchWindow(bytes, 0, bytes.length, binary).matches.map(({ rule }) => rule);
}

describe.each(secretRules.map((rule) => [rule.id, rule] as const))('the rule %s', (id, rule) => {
  it.each(rule.mustMatch)('finds %s', (text) => {
    for (let seed = 1; seed <= 10; seed += 1) expect(rulesIn(expandExample(text, createRandom(seed)))).toContain(id);
  });

  it.each(rule.mustNotMatch)('leaves %s alone', (text) => {
    for (let seed = 1; seed <= 10; seed += 1) expect(rulesIn(expandExample(text, createRandom(seed)))).not.toContain(id);
  });

  it('has bounded quantifiers only', () => {
    expect(rule.pattern.sticky).toBe(true);
    expect(rule.pattern.source.replace(/\[(?:\\.|[^\]])*\]|\\./g, 'x')).not.toMatch(/[*+]|\{\d+,\}/);
  });
});

describe('placeholders', () => {
  it.each([
    'hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', 'YOUR_TOKEN', '<token>', '<reserved_102>', '${HF_TOKEN}', 'insert_your_token_here', 'your_hf_token',
    'hf_abcdefghijklmnopqrstuvwxyzabcdefgh', '0123456789abcdef0123456789abcdef', 'aaaaaaaaaaaaaaaaaaaa', 'abc123abc123abc123', '****************', '{{ secret }}',
  ])('%s is one', (value) => {
    expect(isPlaceholder(value)).toBe(true);
  });

  it('letters without a digit are not what makes one', () => {
    const random = createRandom(5);
    const values = Array.from({ length: 2_000 }, () => expandExample('hf_<letters:34>', random));
    expect(values.filter(isPlaceholder)).toEqual([]);
  });

  it.each(['<hex:40>', '<hex:32>', '<base64:40>', 'sk-<alnum:48>'])('random values of the form %s are none', (form) => {
    const random = createRandom(6);
    const values = Array.from({ length: 2_000 }, () => expandExample(form, random));
    expect(values.filter(isPlaceholder)).toEqual([]);
  });
});

describe('where a token may stand', () => {
  const token = fakes.huggingFace();
  it.each([
    ['a clone URL', `git clone https://user:${token}@huggingface.co/a/b`],
    ['an escaped newline', `"source": ["x\\n${token}\\n"]`],
    ['a percent escape', `q=token%3D${token}%26`],
    ['a coloured log', `\u001b[31m${token}\u001b[0m`],
    ['a name with an underscore', `TOKEN_${token}`],
    ['the end of the content', token],
  ])('%s', (_place, text) => {
    expect(rulesIn(text)).toContain('hugging-face-token');
  });

  it('UTF-16 in both byte orders', () => {
    const little = Buffer.from(`\ufeffTOKEN = ${token}\r\n`, 'utf16le');
    const big = Buffer.from(little).swap16();
    for (const bytes of [little, big]) {
      const { matches } = matchWindow(bytes, 0, bytes.length, true);
      expect(matches.map(({ value }) => value)).toEqual([token]);
    }
  });

  it('a marshalled string that a letter follows', () => {
    const bytes = Buffer.concat([Buffer.from([0xe3, 0, 0, 0, 0xda, token.length]), Buffer.from(`${token}NZabc`), Buffer.alloc(4)]);
    expect(matchWindow(bytes, 0, bytes.length, true).matches.map(({ value }) => value)).toEqual([token]);
  });

  it('a pickled string, with its length in four bytes', () => {
    const key = example('gsk_<alnum:52>');
    const bytes = Buffer.concat([Buffer.from([0x80, 2, 0x58, key.length, 0, 0, 0]), Buffer.from(`${key}q.`), Buffer.alloc(4)]);
    expect(matchWindow(bytes, 0, bytes.length, true).matches.map(({ value }) => value)).toEqual([key]);
  });
});

describe('checksums', () => {
  it('a GitHub token blocks with its checksum and warns without', () => {
    expect(severityOf(`token ${fakes.github()}`)).toBe('block');
    expect(severityOf(`token ${withCrc32Checksum('ghp_', example('<alnum:30>')).slice(0, -2)}00`)).toBe('warn');
  });
});
