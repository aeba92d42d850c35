import { expect, it } from 'vitest';
import type { ListedFile } from '../../../activities/train/listing.ts';
import { createRestless } from '../../../activities/train/restless.ts';
import { limits } from '../../../domain/index.ts';

const { checkpointRestlessLooks: first, checkpointAgainLooks: again, checkpointReadBytes: most } = limits;

function file(path: string, sizeBytes = 1): ListedFile {
  return { path, link: undefined, sizeBytes, executable: false, stamp: '' };
}

/** The looks, counted from 1, at which something was to be read; it was read each time. */
function readAt(looks: number, moving: (look: number) => string[], listed: ListedFile[] = []): [number, string[]][] {
  const restless = createRestless();
  return Array.from({ length: looks }, (_, index) => index + 1).flatMap((look): [number, string[]][] => {
    const units = restless.saw(new Set(moving(look)), listed);
    restless.taken(units);
    return units.length === 0 ? [] : [[look, units]];
  });
}

it.each<[string, ReturnType<typeof readAt>, [number, string[]][]]>([
  ['what moves in every look is read, and again after longer', readAt(first + again, () => ['a']), [[first, ['a']], [first + again, ['a']]]],
  ['what settles in between is not', readAt(20, (look) => (look % first === 0 ? [] : ['a'])), []],
  ['parts are counted each for itself', readAt(first + 1, (look) => (look === 1 ? ['a'] : ['a', 'b'])), [[first, ['a']], [first + 1, ['b']]]],
  ['what is too large to be read at one moment is left to settle', readAt(2 * first, () => ['a'], [file('a/x', most), file('a/y'), file('b')]), []],
])('%s', (_, read, expected) => {
  expect(read).toEqual(expected);
});
