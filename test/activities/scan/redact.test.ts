import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createRedactor, createRedactStream } from '../../../activities/scan/redact.ts';
import { createRandom, example, fakes } from './examples.ts';

const secret = 'p"ä/ss+w0rd&of the operator=';
const values = [{ name: 'TEAM_SECRET', value: secret }];
const random = createRandom(3);

async function streamed(chunks: Buffer[], options = { values }): Promise<string> {
  return (await buffer(Readable.from(chunks).pipe(createRedactStream(options)))).toString('utf8');
}

/** Cuts at random places, down to single bytes. */
function pieces(bytes: Buffer, most: number): Buffer[] {
  const cut: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const to = from + 1 + Math.floor(random() * most);
    cut.push(bytes.subarray(from, to));
    from = to;
  }
  return cut;
}

describe("the operator's values are masked", () => {
  it.each([
    ['as they are', secret],
    ['in JSON', JSON.stringify({ secret })],
    ['in an address', `https://host/?q=${encodeURIComponent(secret)}`],
    ['in a form', new URLSearchParams({ secret }).toString()],
    ['in hexadecimal', Buffer.from(secret).toString('hex')],
    ['in upper-case hexadecimal', Buffer.from(secret).toString('hex').toUpperCase()],
    ['in base64', Buffer.from(secret).toString('base64')],
    ['in base64, one byte later', Buffer.from(`u:${secret}`).toString('base64')],
    ['in base64, two bytes later', Buffer.from(`user:${secret} and more`).toString('base64')],
    ['in base64url', Buffer.from(`x${secret}`).toString('base64url')],
  ])('%s', async (_form, line) => {
    expect(createRedactor({ values, rules: false })(line)).toContain('[redacted:TEAM_SECRET]');
    expect(await streamed([Buffer.from(`${line}\n`)])).toContain('[redacted:TEAM_SECRET]');
  });

  it('leaves everything else as it is', () => {
    const line = 'epoch 1/3 ━━━━ loss 0.25 — naïve';
    expect(createRedactor({ values })(line)).toBe(line);
  });

  it('line by line where a value has several lines', () => {
    const key = `first-${example('<alnum:20>')}\nsecond-${example('<alnum:20>')}`;
    const redact = createRedactor({ values: [{ name: 'KEY', value: key }], rules: false });
    expect(key.split('\n').map((line) => redact(line))).toEqual(['[redacted:KEY]', '[redacted:KEY]']);
  });
});

describe('what the rules know is masked', () => {
  it('by the name of the rule, stably', () => {
    const token = fakes.huggingFace();
    const redact = createRedactor({ values: [] });
    const line = `cloning https://user:${token}@huggingface.co/a/b`;
    expect(redact(line)).toBe('cloning https://user:[redacted:hugging-face-token]@huggingface.co/a/b');
    expect(redact(line)).toBe(redact(line));
  });

  it('a private key over several lines', () => {
    const redact = createRedactor({ values: [] });
    const lines = ['-----BEGIN RSA PRIVATE KEY-----', example('MII<base64:61>'), example('<base64:64>'), '-----END RSA PRIVATE KEY-----', 'done'];
    expect(lines.map((line) => redact(line)).join('\n')).not.toContain('MII');
    expect(redact('done')).toBe('done');
  });

  it('a key whose name stands on the line before', () => {
    const redact = createRedactor({ values: [] });
    redact('wandb: paste an API key:');
    expect(redact(fakes.wandb())).toBe('[redacted:wandb-api-key]');
  });

  it('placeholders are not', () => {
    const line = 'export HF_TOKEN=hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx';
    expect(createRedactor({ values: [] })(line)).toBe(line);
  });
});

describe('streams', () => {
  it.each([1, 7, 64, 5_000])('give the same output in pieces of up to %i bytes', async (most) => {
    const token = fakes.huggingFace();
    const pem = ['-----BEGIN RSA PRIVATE KEY-----', example('MII<base64:61>'), example('<base64:64>'), '-----END RSA PRIVATE KEY-----'].join('\n');
    const text = Array.from({ length: 40 }, (_unused, index) => `line ${index} ${index % 3 === 0 ? token : secret} end`).join('\n') + `\n${pem}\ntail without newline ${token}`;
    const whole = await streamed([Buffer.from(text)]);
    const cut = await streamed(pieces(Buffer.from(text), most));
    expect(cut).toBe(whole);
    for (const hidden of [token, secret, 'MII']) expect(cut).not.toContain(hidden);
    expect(cut).toContain('tail without newline [redacted:hugging-face-token]');
  });

  it('mask a token in a line longer than what is held', async () => {
    const token = fakes.huggingFace();
    for (const at of [65_500, 131_000, 199_990]) {
      const line = `${'x '.repeat(at / 2)}${token} ${'y '.repeat(60_000)}`;
      const out = await streamed(pieces(Buffer.from(line), 30_000));
      expect(out).toBe(line.replace(token, '[redacted:hugging-face-token]'));
    }
  });

  it('pass bytes on that are no text', async () => {
    const bytes = Buffer.from(Array.from({ length: 200_000 }, () => Math.floor(random() * 256)));
    const out = await buffer(Readable.from(pieces(bytes, 9_000)).pipe(createRedactStream({ values })));
    expect(out.equals(bytes)).toBe(true);
  });

  it('let a whole line out at once', async () => {
    const stream = createRedactStream({ values });
    stream.write('loss 0.5\nnext');
    expect(String(stream.read())).toBe('loss 0.5\n');
    stream.destroy();
  });
});
