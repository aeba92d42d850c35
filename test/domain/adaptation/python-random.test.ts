import { describe, expect, it } from 'vitest';
import { downsample, numpyPermutation, pythonRandom, pythonRandomOfText } from '../../../domain/adaptation/index.ts';
import { readFixture, sha512 } from './read-fixture.ts';

interface Draws {
  seed: string;
  isText: boolean;
  random: number[];
  randrange: number[];
  randint: number[];
  choice: string[];
  shuffled: number[];
  samples: number[][];
}
const recorded = readFixture<{ draws: Draws[]; downsampled: [number, number, number[]][] }>('random.json');
const range = (size: number): number[] => Array.from({ length: size }, (_, index) => index);

it.each(recorded.draws)('draws what CPython draws from the seed $seed', ({ seed, isText, ...expected }) => {
  const generator = isText ? pythonRandomOfText(seed, sha512) : pythonRandom(BigInt(seed));
  const shuffled = generator.shuffled(range(30));
  const drawn = {
    random: range(700).map(() => generator.random()).slice(-3),
    randrange: [1, 2, 3, 7, 64, 65, 1_000, 1_000_000].map((bound) => generator.randrange(bound)),
    randint: range(10).map(() => generator.randint(1, 3)),
    choice: range(10).map(() => generator.choice([...'abcde'])),
    shuffled,
    samples: [[10, 3], [10, 10], [30, 6], [85, 6], [86, 6], [1_000, 20], [22, 4], [21, 4]].map(([size = 0, count = 0]) => generator.sample(range(size), count)),
  };
  expect(drawn).toEqual(expected);
});

describe('downsampling', () => {
  it.each(recorded.downsampled)('takes of %i what numpy takes: %i', (size, count, expected) => {
    expect(downsample(range(size), count)).toEqual(expected);
  });

  it('keeps all where there are no more', () => {
    expect(downsample(['a', 'b'], 2)).toEqual(['a', 'b']);
  });
});

it('refuses to draw more than there is', () => {
  expect(() => pythonRandom(0).sample([1], 2)).toThrow(RangeError);
});

// Recorded with numpy 2.4.6: numpy.random.default_rng(seed).permutation(count)[:12].
it.each([
  [42, 10, [5, 6, 0, 7, 3, 2, 4, 9, 1, 8]],
  [42, 7_500, [289, 4_167, 428, 2_413, 4_800, 6_762, 5_092, 6_261, 3_048, 5_416, 4_304, 3_338]],
  [42, 5_000, [1_535, 1_183, 3_378, 3_825, 643, 90, 2_835, 3_865, 2_220, 2_177, 3_753, 3_552]],
  [0, 1_000, [459, 206, 222, 162, 711, 814, 350, 890, 518, 264, 683, 674]],
  [4_294_967_295, 1_000, [886, 862, 591, 711, 394, 38, 442, 195, 603, 995, 878, 359]],
])('orders by the seed %i of %i what numpy’s default generator orders', (seed, count, expected) => {
  const order = numpyPermutation(seed, count);
  expect(order.slice(0, 12)).toEqual(expected);
  expect(order.toSorted((a, b) => a - b)).toEqual(range(count));
});
