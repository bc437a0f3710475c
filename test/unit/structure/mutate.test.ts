import { execFile } from 'node:child_process';
import { expect, test } from 'vitest';

const ROOT = new URL('../../..', import.meta.url).pathname;

const mutate = (...args: string[]): Promise<{ code: number | string | null; out: string }> =>
  new Promise((resolve) =>
    execFile(process.execPath, ['test/mutate/main.ts', ...args], { cwd: ROOT }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, out: stdout + stderr }),
    ),
  );

test('of the mutants of a planted source those are told that its test cannot notice, and no others', async () => {
  const { code, out } = await mutate('--of', 'test/mutate/planted/fee.ts', '--with', 'test/mutate/planted/fee.test.ts');
  expect(code, out).toBe(1);
  // The greater and the lesser of two equal numbers.
  expect(out).toContain('  + return Math.min(5, 5);');
  // A boundary, and a condition that is always true.
  expect(out).not.toMatch(/\+ if \(/);
  expect(out).toMatch(/\n\d+ noticed, 0 explained, 1 survived, /);
}, 60_000);

test('a source that is not there is a matter of usage', async () => {
  expect(await mutate('--of', 'test/mutate/planted/none.ts')).toMatchObject({ code: 2 });
});
