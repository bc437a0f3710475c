import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

/** Tests that start engines and machines wait for much: on two cores a third one fills what two leave. */
const SLOW = { maxWorkers: 3, sequence: { groupOrder: 1 } };

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
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
          ...SLOW,
        },
      },
      {
        test: {
          name: 'machines',
          include: ['test/lab/**/*.test.ts'],
          exclude: ['test/lab/net/**'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          ...SLOW,
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
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
