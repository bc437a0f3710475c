// The commands that all else relies on: what they count, and that they fail when something fails.
import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Check, checkLine, CHECKS, runChecks } from '../../checks.ts';
import { tally, tallyLine } from '../../tally.ts';

const node = (name: string, code: string): Check => ({ name, command: [process.execPath, '-e', code] });

describe('a check', () => {
  it('is ok when its tool says so by its exit code, and keeps what the tool said', async () => {
    const [good, bad] = await runChecks(
      [node('good', 'console.log(1)'), node('bad', 'console.error("why"); process.exit(3)')],
      2,
      () => undefined,
    );
    expect(good).toMatchObject({ name: 'good', ok: true, output: '1\n' });
    expect(bad).toMatchObject({ name: 'bad', ok: false, output: 'why\n' });
  });

  it('whose tool is missing fails and says what is missing', async () => {
    const [result] = await runChecks([{ name: 'gone', command: ['/nowhere/tool'] }], 1, () => undefined);
    expect(result?.ok).toBe(false);
    expect(result?.output).toContain('/nowhere/tool');
  });

  it('runs beside at most one other, and results keep their order', async () => {
    const ended: string[] = [];
    const checks = ['a', 'b', 'c'].map((name, i) => node(name, `setTimeout(() => {}, ${[600, 50, 50][i]})`));
    const results = await runChecks(checks, 2, ({ name }) => ended.push(name));
    expect(ended).toEqual(['b', 'c', 'a']);
    expect(results.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  it('is one line with its name, its verdict and its duration', () => {
    const line = checkLine({ name: 'types', ok: false, seconds: 12.34, output: '' });
    expect(line).toBe('FAILED types                     12.3 s');
  });

  it('has a name of its own', () => {
    expect(new Set(CHECKS.map(({ name }) => name)).size).toBe(CHECKS.length);
  });
});

describe('the tally', () => {
  const file = (status: string, ...tests: string[]) => ({
    name: 'x.test.ts',
    status,
    assertionResults: tests.map((state, i) => ({ fullName: `${state} ${i}`, status: state })),
  });
  const check = (ok: boolean) => ({ name: 'c', ok, seconds: 1, output: '' });

  it('adds checks and tests, and names what did not run', () => {
    const result = tally(
      [check(true), check(false)],
      { testResults: [file('failed', 'passed', 'failed', 'pending'), file('passed', 'passed', 'todo')] },
      1,
    );
    expect(tallyLine(result)).toBe('3 passed, 2 failed, 2 skipped');
    expect(result.skippedNames).toEqual(['pending 2', 'todo 1']);
  });

  it.each([
    ['a file that could not be loaded', { testResults: [file('failed'), file('passed', 'passed')] }, 1],
    ['a bad end without a failed test', { testResults: [file('passed', 'passed')] }, 1],
    ['a run ended by a signal', { testResults: [file('passed', 'passed')] }, null],
    ['a run without a report', undefined, 0],
  ])('counts %s as a failure', (_name, report, exitCode) => {
    // Without a report there is no good end, whatever the exit code says.
    expect(tally([], report, exitCode).failed).toBe(1);
  });

  it('of a good run has no failure', () => {
    expect(tallyLine(tally([check(true)], { testResults: [file('passed', 'passed')] }, 0))).toBe(
      '2 passed, 0 failed, 0 skipped',
    );
  });
});

describe('npm test', () => {
  async function runTests(files: Record<string, string>): Promise<{ code: number; lastLine: string | undefined }> {
    const root = mkdtempSync(join(tmpdir(), 'mesh-run-'));
    onTestFinished(() => rm(root, { recursive: true, force: true }));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(VITEST|TEST|NODE_ENV)/.test(name)),
    );
    const program = join(import.meta.dirname, '..', '..', 'run.ts');
    return new Promise((resolve) => {
      execFile(process.execPath, [program, '--root', root, '--globals'], { env }, (error, stdout) =>
        resolve({ code: error === null ? 0 : Number(error.code), lastLine: stdout.trimEnd().split('\n').at(-1) }),
      );
    });
  }

  it('ends with the sum and fails when a test failed or a file could not be loaded', async () => {
    const result = await runTests({
      'a.test.ts': `it('a', () => {}); it('b', () => { throw new Error('no'); }); it.skip('c', () => {});`,
      'b.test.ts': `throw new Error('cannot be loaded');`,
    });
    expect(result).toEqual({ code: 1, lastLine: '1 passed, 2 failed, 1 skipped' });
  });

  it('ends with the sum and succeeds when all passed', async () => {
    const result = await runTests({ 'a.test.ts': `it('a', () => {});` });
    expect(result).toEqual({ code: 0, lastLine: '1 passed, 0 failed, 0 skipped' });
  });
});
