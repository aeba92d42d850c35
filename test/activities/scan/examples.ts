import { expandExample, withCrc32Checksum } from '../../../domain/secrets/index.ts';

/** Values are assembled from a seeded generator, so that no committed file holds anything that looks like a token. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const random = createRandom(20231215);

export function example(text: string): string {
  return expandExample(text, random);
}

export const fakes = {
  huggingFace: (): string => example('hf_<letters:34>'),
  wandb: (): string => example('<hex:40>'),
  github: (): string => withCrc32Checksum('ghp_', example('<alnum:30>')),
};
