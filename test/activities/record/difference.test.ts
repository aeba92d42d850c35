import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { causeOfDifference } from '../../../activities/record/difference.ts';

const pyc = (time: number, code: string): Buffer => Buffer.concat([Buffer.from([0xa7, 0x0d, 0x0d, 0x0a, 0, 0, 0, 0]), Buffer.from(Uint32Array.of(time).buffer), Buffer.from(code)]);
const gzip = (time: number): Buffer => {
  const bytes = gzipSync('text');
  bytes.writeUInt32LE(time, 4);
  return bytes;
};

it.each<[string, string, Buffer | string, Buffer | string, string]>([
  ['a compiled file by the time of its source', '/a.pyc', pyc(1, 'same'), pyc(2, 'same'), 'pyc'],
  ['a compiled file by its code', '/a.pyc', pyc(1, 'one'), pyc(1, 'two'), 'content'],
  ['an archive by its time', '/a.gz', gzip(1), gzip(2), 'timestamp'],
  ['what `date` prints', '/built.txt', 'Sat Nov 21 09:13:05 UTC 2026\n', 'Sun Nov  1 10:00:59 UTC 2026\n', 'timestamp'],
  ['a time of HTTP', '/built.txt', 'at Sat, 21 Nov 2026 09:13:05 GMT', 'at Fri, 20 Nov 2026 08:00:00 GMT', 'timestamp'],
  ['a time of ISO 8601', '/built.txt', 'at 2026-11-21T09:13:05.123Z', 'at 2026-11-20 08:00:00+01:00', 'timestamp'],
  ['seconds since 1970', '/built.txt', 'at 1795252385', 'at 1795166000', 'timestamp'],
  ['the order of lines', '/list', 'a\nb\n', 'b\na\n', 'order'],
  ['a log', '/var/log/x', 'a', 'b', 'log'],
  ['a cache', '/var/cache/x', 'a', 'b', 'cache'],
  ['anything else', '/x', 'version 1', 'version 2', 'content'],
])('%s is told', (_what, path, first, second, cause) => {
  expect(causeOfDifference(path, Buffer.from(first), Buffer.from(second))).toBe(cause);
});
