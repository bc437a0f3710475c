// Counting what ran, so that nothing is passed over in silence.
import { z } from 'zod';
import type { CheckResult } from './checks.ts';

/** What we read of vitest's JSON report. */
export const reportSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});
export type Report = z.infer<typeof reportSchema>;

export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  /** Full names of tests that did not run. */
  skippedNames: string[];
}

/**
 * Adds up checks (one test each) and vitest's report.
 *
 * A file that could not be loaded counts as one failed test: vitest reports no test for it. So does a run that ended badly
 * although no test failed (an unhandled rejection, no test found), and one that left no report.
 * @param report undefined when there is none
 * @param exitCode of vitest; null when a signal ended it
 */
export function tally(checks: readonly CheckResult[], report: Report | undefined, exitCode: number | null): Tally {
  const files = report?.testResults ?? [];
  const tests = files.flatMap(({ assertionResults }) => assertionResults);
  const count = (...states: string[]): number => tests.filter(({ status }) => states.includes(status)).length;
  const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed');
  const broken = files.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const failed = count('failed') + broken;
  const badEnd = exitCode !== 0 || report === undefined;
  return {
    passed: count('passed') + checks.filter(({ ok }) => ok).length,
    failed: (failed === 0 && badEnd ? 1 : failed) + checks.filter(({ ok }) => !ok).length,
    skipped: skipped.length,
    skippedNames: skipped.map(({ fullName }) => fullName),
  };
}

/** The line that every run of the tests ends with. */
export const tallyLine = ({ passed, failed, skipped }: Tally): string =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`;
