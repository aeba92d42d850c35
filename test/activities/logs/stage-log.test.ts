import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { followStageLog, openStageLog, readStageLog, logRedactor, type Redact, type StageLog } from '../../../activities/logs/index.ts';
import { failure } from '../../../activities/failure.ts';
import { limits, logChunkKey } from '../../../domain/index.ts';
import { memoryStore } from '../../fakes/memory-store.ts';

const scratchDirectory = mkdtempSync(join(tmpdir(), 'reprise-test-'));
const owner = { run: 'r', stage: 'train' } as const;

function open(store = memoryStore(), redact?: Redact): Promise<StageLog> {
  return openStageLog(store, { ...owner, scratchDirectory, ...(redact ? { redact } : {}) });
}

async function lines(store: ReturnType<typeof memoryStore>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of readStageLog(store, 'r', 'train')) all.push(line);
  return all;
}

function texts(all: string[]): string[] {
  return all.map((line) => line.slice(line.indexOf(' ') + 1));
}

/** Masks what follows on a line `key:`. */
function afterKey(): (line: string) => string {
  let previous = '';
  return (line) => {
    const masked = previous === 'key:' ? '[masked]' : line;
    previous = line;
    return masked;
  };
}

const at = (second: number, nano = 0): string => `2026-01-01T00:00:${String(second).padStart(2, '0')}.${String(nano).padStart(9, '0')}Z`;

describe('a stage’s log', () => {
  it('has no line twice where the store kept a chunk and lost the answer', async () => {
    const store = memoryStore();
    const { putIfAbsent } = store;
    let losing = true;
    store.putIfAbsent = async (...given) => {
      const outcome = await putIfAbsent(...given);
      if (losing) throw failure('STORE_UNREACHABLE', 'socket hang up');
      return outcome;
    };
    const log = await open(store);
    await log.write('one\n');
    await expect(log.flush()).rejects.toThrow('socket hang up');
    losing = false;
    await log.write('two\n');
    await log.flush();
    expect(texts(await lines(store))).toEqual(['one', 'two']);
  });

  it('joins portions to lines, each with the time of its arrival', async () => {
    const store = memoryStore();
    const log = await open(store);
    for (const portion of ['first li', 'ne\r\nsec', Buffer.from('ond\nth'), Buffer.from([0xc3]), Buffer.from([0xa9])]) await log.write(portion);
    await log.flush();
    expect(texts(await lines(store))).toEqual(['first line', 'second', 'thé']);
    expect((await lines(store))[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z first line$/);
  });

  it('cuts an endless line into marked parts and loses none of it', async () => {
    const store = memoryStore();
    const log = await open(store);
    await log.write(`${'é'.repeat(limits.logLineBytes)}\n`);
    await log.flush();
    const stored = texts(await lines(store));
    expect(stored).toHaveLength(2);
    expect(stored[0]).toMatch(/é \[line continues\]$/);
    expect(stored.join('').replaceAll(' [line continues]', '')).toBe('é'.repeat(limits.logLineBytes));
  });

  it('masks a secret where a line is cut, in each of two outputs that come mixed', async () => {
    const value = 'no-token-0123456789-abcdefghij';
    const mask = (): Redact => logRedactor({ secrets: { HF_TOKEN: value }, httpProxy: undefined, httpsProxy: undefined });
    for (let before = 0; before <= value.length; before += 5) {
      const store = memoryStore();
      const log = await open(store, mask());
      const [head, tail] = ['x'.repeat(5_000) + value.slice(0, before), `${value.slice(before)} end`];
      await log.writeLine(head, at(1), { continues: true, stream: 1 });
      await log.writeLine(`err ${head}`, at(2), { continues: true, stream: 2 });
      await log.writeLine(tail, at(3), { continues: false, stream: 1 });
      await log.writeLine(tail, at(4), { continues: false, stream: 2 });
      await log.write(`${'y'.repeat(limits.logLineBytes)}${value.slice(0, before)}`);
      await log.write(`${value.slice(before)}\n`);
      await log.close();
      const stored = texts(await lines(store)).join('').replaceAll(' [line continues]', '');
      expect(stored.match(/\[redacted:HF_TOKEN\]/g)).toHaveLength(3);
      expect(stored.length).toBe(2 * 5_000 + 'err '.length + limits.logLineBytes + 3 * '[redacted:HF_TOKEN]'.length + 2 * ' end'.length);
    }
  });

  it('stores a full chunk at once and the rest when it is closed, the whole as one object', async () => {
    const store = memoryStore();
    const log = await open(store);
    const line = 'x'.repeat(10_000);
    for (let index = 0; index < 110; index += 1) await log.writeLine(`${index} ${line}`, at(1, index));
    expect([...store.objects.keys()]).toEqual([logChunkKey('r', 'train', 0)]);
    const artifact = await log.close();
    expect(artifact).toMatchObject({ path: 'logs/train.log', role: 'log' });
    expect(Buffer.from(store.objects.get(artifact.key) ?? []).toString().split('\n')).toHaveLength(111);
  });

  it('stores lines within the time of a chunk without being told', async () => {
    const store = memoryStore();
    const log = await open(store);
    await log.writeLine('early', at(1));
    await expect.poll(() => lines(store), { timeout: limits.logChunkMs + 1_000 }).toHaveLength(1);
  });

  it('goes on behind what an earlier attempt stored', async () => {
    const store = memoryStore();
    for (const text of ['one', 'two']) {
      const log = await open(store);
      await log.writeLine(text, at(1));
      await log.flush();
    }
    expect([...store.objects.keys()]).toEqual([logChunkKey('r', 'train', 0), logChunkKey('r', 'train', 1)]);
  });

  it('keeps both where an attempt that was given up still writes', async () => {
    const store = memoryStore();
    const [stale, current] = [await open(store), await open(store)];
    await stale.writeLine('stale', at(1));
    await current.writeLine('current', at(2));
    await Promise.all([stale.flush(), current.flush()]);
    expect(texts(await lines(store)).sort()).toEqual(['current', 'stale']);
  });

  it('shows its last line as a terminal would, and without escape sequences', async () => {
    const log = await open();
    await log.writeLine('10%\r50%\r\u001B[31m99%\u001B[0m\u0007', at(1));
    await log.writeLine('   ', at(2));
    expect(log.lastLine()).toBe('99%');
    await log.writeLine('x'.repeat(1_000), at(3));
    expect(log.lastLine()).toHaveLength(limits.lastLineCharacters);
  });

  it('takes secrets out before anything is stored or shown', async () => {
    const store = memoryStore();
    const mask = logRedactor({ secrets: { HF_TOKEN: 'placeholder', OTHER: 'another-one', NO: 'abc' }, httpProxy: 'http://user:pass%40word@proxy:1', httpsProxy: undefined });
    const log = await open(store, mask);
    await log.writeLine('another-one, placeholder and pass@word, abc', at(1));
    await log.flush();
    expect(log.lastLine()).toBe('[redacted:OTHER], [redacted:HF_TOKEN] and [redacted:proxy-password], abc');
    expect(texts(await lines(store))).toEqual(['[redacted:OTHER], [redacted:HF_TOKEN] and [redacted:proxy-password], abc']);
  });

  it('tells a store that fails, and keeps the lines until it is back', async () => {
    const store = memoryStore();
    const { putIfAbsent } = store;
    const log = await open(store);
    store.putIfAbsent = async () => Promise.reject(failure('STORE_UNREACHABLE', 'down'));
    await log.writeLine('kept', at(1));
    await expect(log.flush()).rejects.toMatchObject({ type: 'STORE_UNREACHABLE' });
    store.putIfAbsent = putIfAbsent;
    await log.flush();
    expect(texts(await lines(store))).toEqual(['kept']);
  });
});

describe('a log that is read again from the engine', () => {
  it('keeps each line once, also with equal stamps, equal texts and stamps out of order', async () => {
    const store = memoryStore();
    const all: [string, string][] = [['a', at(1)], ['b', at(5, 7)], ['same', at(5, 8)], ['same', at(5, 8)], ['late', at(5, 3)], ['same', at(5, 8)], ['new', at(6)]];
    const first = await open(store);
    expect(await first.resume()).toBeUndefined();
    for (const [text, stamp] of all.slice(0, 4)) await first.writeLine(text, stamp);
    await first.flush();
    const second = await open(store);
    const since = (await second.resume()) ?? 0;
    expect(second.lastLine()).toBe('same');
    for (const [text, stamp] of all) if (Date.parse(stamp) >= since * 1_000) await second.writeLine(text, stamp);
    await second.flush();
    expect(texts(await lines(store))).toEqual(all.map(([text]) => text));
  });

  it('masks a line by the one before, also where that was stored by an earlier attempt', async () => {
    const store = memoryStore();
    const entries: [string, string][] = [['key:', at(5)], ['value', at(5, 5)]];
    const first = await open(store, afterKey());
    await first.writeLine(...(entries[0] as [string, string]));
    await first.flush();
    const second = await open(store, afterKey());
    await second.resume();
    for (const [text, stamp] of entries) await second.writeLine(text, stamp);
    await second.flush();
    expect(texts(await lines(store))).toEqual(['key:', '[masked]']);
  });

  it('is not misled by lines of the platform, which are later', async () => {
    const store = memoryStore();
    const log = await open(store);
    await log.writeLine('of the container', at(5));
    await log.write('of the platform\n');
    expect(await log.resume()).toBe(Date.parse(at(4)) / 1_000);
  });
});

it('is followed while it grows, until its stage ends', async () => {
  const store = memoryStore();
  const log = await open(store);
  let isEnded = false;
  const seen: string[] = [];
  const following = (async () => {
    for await (const line of followStageLog(store, 'r', 'train', { ended: async () => isEnded })) seen.push(line);
  })();
  await log.writeLine('one', at(1));
  await log.flush();
  await expect.poll(() => seen, { timeout: 3_000 }).toHaveLength(1);
  await log.writeLine('two', at(2));
  await log.flush();
  isEnded = true;
  await following;
  expect(texts(seen)).toEqual(['one', 'two']);
});
