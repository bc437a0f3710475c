import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Engine tests start real processes; everything else is fast.
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 30_000 } },
      {
        test: {
          name: 'component',
          include: ['test/component/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'engine',
          include: ['test/engine/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 900_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'machines',
          include: ['test/lab/**/*.test.ts'],
          exclude: ['test/lab/net/**'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/net/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          // They time packets, and would wait for each other's processors.
          fileParallelism: false,
        },
      },
    ],
  },
});
