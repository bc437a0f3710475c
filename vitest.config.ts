import { defineConfig } from 'vitest/config';
import { ALONE } from './test/alone.ts';
import { LongestFirst } from './test/longest-first.ts';

/** On two cores: tests wait for much (engines, machines, other programs), and a third worker fills what two leave. */
const WORKERS = { maxWorkers: 3 };
const SLOW = { ...WORKERS, sequence: { groupOrder: 1 } };

/** They time packets, and would wait for each other's processors. */
const TIMED = ['test/lab/net/links.test.ts', 'test/lab/net/life.test.ts'];

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // Engine tests start real processes; everything else is fast.
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude: ALONE,
          testTimeout: 30_000,
          // What files share is loaded once per worker: a quarter of the processors' time.
          isolate: false,
          ...WORKERS,
        },
      },
      { test: { name: 'unit-alone', include: ALONE, testTimeout: 30_000, ...WORKERS } },
      {
        test: {
          name: 'component',
          include: ['test/component/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
          ...WORKERS,
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
          exclude: TIMED,
          testTimeout: 120_000,
          hookTimeout: 300_000,
          ...SLOW,
        },
      },
      {
        test: {
          name: 'timed',
          include: TIMED,
          testTimeout: 120_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
