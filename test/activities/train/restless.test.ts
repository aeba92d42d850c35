import { expect, it } from 'vitest';
import { createRestless } from '../../../activities/train/restless.ts';
import { limits } from '../../../domain/index.ts';

const { checkpointRestlessLooks: first, checkpointAgainLooks: again } = limits;

/** The looks, counted from 1, at which something was to be copied; it was copied each time. */
function copiedAt(looks: number, moving: (look: number) => string[], spoilt: (look: number) => string[] = () => []): [number, string[]][] {
  const restless = createRestless();
  return Array.from({ length: looks }, (_, index) => index + 1).flatMap((look): [number, string[]][] => {
    const units = restless.saw(new Set(moving(look)), new Set(spoilt(look)));
    restless.taken(units);
    return units.length === 0 ? [] : [[look, units]];
  });
}

it.each<[string, ReturnType<typeof copiedAt>, [number, string[]][]]>([
  ['what moves in every look is copied, and again after longer', copiedAt(first + again, () => ['a']), [[first, ['a']], [first + again, ['a']]]],
  ['what settles in between is not', copiedAt(20, (look) => (look % first === 0 ? [] : ['a'])), []],
  ['parts are counted each for itself', copiedAt(first + 1, (look) => (look === 1 ? ['a'] : ['a', 'b'])), [[first, ['a']], [first + 1, ['b']]]],
  ['what changed while it was read is copied at once', copiedAt(2, (look) => (look === 1 ? [] : ['a']), (look) => (look === 1 ? [] : ['a'])), [[2, ['a']]]],
])('%s', (_, copied, expected) => {
  expect(copied).toEqual(expected);
});
