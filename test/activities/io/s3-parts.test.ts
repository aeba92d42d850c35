import { expect, it } from 'vitest';
import { partBytesOf } from '../../../activities/io/s3-parts.ts';
import { limits } from '../../../domain/index.ts';

const GiB = 1024 ** 3;

it.each([35 * 1024 ** 2, 4 * GiB, limits.addedBytes, limits.outputBytes])('sends %d bytes in so few parts that a store keeps their list, none of them below 5 MiB', (sizeBytes) => {
  const partBytes = partBytesOf(sizeBytes);
  expect(Math.ceil(sizeBytes / partBytes)).toBeLessThanOrEqual(500);
  expect(partBytes).toBeGreaterThan(5 * 1024 ** 2);
});
