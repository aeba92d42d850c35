import { defineConfig } from 'vitest/config';

/** `npm run hostile`: the attacks alone, with their table. They need the Docker engine, and neither Temporal nor an object store. */
export default defineConfig({
  test: {
    root: `${import.meta.dirname}/../..`,
    include: ['test/hostile/**/*.test.ts'],
    globalSetup: ['test/temporary-directory.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
