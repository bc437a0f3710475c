import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';

const cwd = join(import.meta.dirname, '../../../host');
const env = {
  ...process.env,
  // No caches beside the sources: a test run must leave the tree as it was.
  PYTHONDONTWRITEBYTECODE: '1',
  // Some 700 small hosts are filled and emptied, one per step at which one may die: 25 s in memory, 110 s on a disk.
  // Where there is no such folder, or it cannot be written, Python takes its next one.
  TMPDIR: '/dev/shm',
};
const listed = spawnSync('python3', ['-m', 'tests.report', 'list'], { cwd, env, encoding: 'utf8' });
const missing = listed.error !== undefined;

/** `tests.test_apply.ApplyTest.test_a_unit_is_…` → `apply: a unit is …` */
function sentence(id: string): string {
  const [, file = '', , name = ''] = id.split('.');
  return `${file.replace('test_', '')}: ${name.replace('test_', '').replaceAll('_', ' ')}`;
}

describe.skipIf(missing)('the host tool, by its Python tests', () => {
  if (missing) {
    test.skip('needs python3 on PATH', () => undefined);
    return;
  }
  if (listed.status !== 0) throw new Error(`the Python tests cannot be collected:\n${listed.stderr}`);
  const ids = JSON.parse(listed.stdout) as string[];
  let reasons: Record<string, string> = {};

  beforeAll(async () => {
    const { stdout } = await promisify(execFile)('python3', ['-m', 'tests.report', 'run'], {
      cwd,
      env,
      maxBuffer: 64e6,
    });
    reasons = JSON.parse(stdout) as Record<string, string>;
  }, 600_000);

  test('are found: an empty list would pass for the wrong reason', () => {
    expect(ids.length).toBeGreaterThan(50);
  });

  test.each(ids.map((id) => [sentence(id), id]))('%s', (_, id) => {
    const reason = reasons[id];
    expect(reason, 'the test did not run').toBeDefined();
    expect(reason).toBe('');
  });
});
