// Files of the project `unit` share a worker's modules: what one of them replaces, the next one would get.
import { readdirSync, readFileSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ALONE } from '../../alone.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const REPLACES = /^\s*vi\.(mock|doMock)\(/m;

const sharing = readdirSync(join(ROOT, 'test/unit'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => `test/unit/${file}`);
const alone = (file: string): boolean => ALONE.some((glob) => matchesGlob(file, glob));
const replaces = (file: string): boolean => REPLACES.test(readFileSync(join(ROOT, file), 'utf8'));

describe('a unit test that puts a module in the place of another', () => {
  it('has its worker for itself', () => {
    expect(sharing.filter((file) => replaces(file) && !alone(file))).toEqual([]);
  });

  it('is found where there is one', () => {
    expect(sharing.filter((file) => replaces(file) && alone(file)).length).toBeGreaterThan(5);
  });
});
