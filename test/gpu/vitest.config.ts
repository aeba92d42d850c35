import { defineConfig } from 'vitest/config';

/** `npm run test:gpu`: for a machine with an NVIDIA GPU, an engine and the NVIDIA container toolkit; no part of `npm test`. */
export default defineConfig({
  test: {
    name: 'gpu',
    root: `${import.meta.dirname}/../..`,
    include: ['test/gpu/*.test.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
