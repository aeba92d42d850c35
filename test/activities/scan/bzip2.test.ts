import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { bunzip2 } from '../../../activities/scan/bzip2.ts';

/** As the program bzip2 writes them: "one line" three times, then another stream behind the first. */
const packed = Buffer.from(
  'QlpoOTFBWSZTWap7seIAAA1RAAAQQAACJaAAMQwA2oYmoiIMhSni7kinChIVT3Y8QEJaaDkxQVkmU1l2KBMIAAACUYAAEEAAJkOcACAAMQNA0CA00ARhE2L7FFQd7xdyRThQkHYoEwg=',
  'base64',
);

async function unpacked(chunks: Buffer[]): Promise<string> {
  return (await buffer(Readable.from(bunzip2(Readable.from(chunks) as AsyncIterable<Buffer>)))).toString();
}

it.each([1, 7, 1_000])('unpacks streams one behind the other, given in pieces of %i bytes', async (size) => {
  const pieces = Array.from({ length: Math.ceil(packed.length / size) }, (_unused, index) => packed.subarray(index * size, (index + 1) * size));
  expect(await unpacked(pieces)).toBe(`${'one line\n'.repeat(3)}and another stream\n`);
});

it('unpacks an empty one', async () => {
  expect(await unpacked([Buffer.from('QlpoORdyRThQkAAAAAA=', 'base64')])).toBe('');
});

it.each([
  ['cut within a block', packed.subarray(0, 40)],
  ['damaged', Buffer.concat([packed.subarray(0, 30), Buffer.from([0xff]), packed.subarray(31)])],
])('throws where it is %s', async (_what, bytes) => {
  await expect(unpacked([bytes])).rejects.toThrow();
});
