import { describe, expect, it } from 'vitest';
import { downsample, pythonRandom, pythonRandomOfText } from '../../../domain/adaptation/index.ts';
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
