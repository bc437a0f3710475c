import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { raiseLimits } from '../../../lab/machines/machine/limits.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesh-limits-'));
  file = join(folder, 'max_user_instances');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('the kernel’s default is raised, and what is enough stays as somebody set it', () => {
  writeFileSync(file, '128\n');
  expect(raiseLimits(file)).toEqual({ before: 128, now: 1024 });
  expect(readFileSync(file, 'utf8')).toBe('1024\n');
  writeFileSync(file, '8192\n');
  expect(raiseLimits(file)).toEqual({ before: 8192, now: 8192 });
});

test('where it cannot be written nothing is thrown', () => {
  // A number that the kernel lets nobody write.
  expect(raiseLimits('/proc/sys/kernel/random/entropy_avail')).toEqual({ before: 256, now: 256 });
});
