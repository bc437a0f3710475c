import { expect, test } from 'vitest';
import type { Permission } from '../../../../mesh/access/permission.ts';
import { accessChanges } from '../../../../mesh/access/sentences.ts';

const postgres: Permission = {
  from: 'group:platform',
  people: ['ada@example.com'],
  to: 'fra-db-01',
  ports: ['tcp/5432'],
  why: 'data',
};
const joined: Permission = { ...postgres, people: ['ada@example.com', 'lin@example.com'] };

test('who joins a group gains what it may, who leaves loses it', () => {
  expect(accessChanges([postgres], [joined])).toEqual([
    'lin@example.com gains tcp/5432 on fra-db-01 (now in group:platform)',
  ]);
  expect(accessChanges([joined], [postgres])).toEqual([
    'lin@example.com loses tcp/5432 on fra-db-01 (no longer in group:platform)',
  ]);
  expect(accessChanges([joined], [joined])).toEqual([]);
});

test('what another group of theirs permits already is no gain, and what it still permits no loss', () => {
  const sre: Permission = { ...postgres, from: 'group:sre', people: ['lin@example.com'] };
  expect(accessChanges([postgres, sre], [joined, sre])).toEqual([]);
  expect(accessChanges([joined, sre], [postgres, sre])).toEqual([]);
});

test('a group that is new as a whole is told once, not person by person', () => {
  expect(accessChanges([], [joined])).toEqual(['group:platform gains tcp/5432 on fra-db-01 (data)']);
});
