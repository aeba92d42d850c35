import { defineConfig } from 'vitest/config';
import { testStackEnvironment } from './test/stack-environment.ts';

/** A loaded machine: one more try in CI, where the reporter names what needed it; none at a desk. */
const retry = process.env['CI'] === undefined ? 0 : 1;

/** `unit` needs nothing but Node; `stack` brings up Temporal, the object store and the worker beside whatever else runs. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/integration/**', 'test/e2e/**', 'test/hostile/**', 'test/chaos/**', 'test/gpu/**'],
          globalSetup: ['test/temporary-directory.ts'],
          testTimeout: 20_000,
          retry,
        },
      },
      {
        test: {
          name: 'stack',
          include: ['test/integration/**/*.test.ts', 'test/e2e/**/*.test.ts', 'test/hostile/**/*.test.ts', 'test/chaos/**/*.test.ts'],
          globalSetup: ['test/temporary-directory.ts', 'test/global-setup.ts'],
          // `readConfig()` of a test finds the stack that the tests brought up.
          env: testStackEnvironment,
          // Two training containers at once would make each other's times meaningless.
          fileParallelism: false,
          testTimeout: 300_000,
          retry,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
