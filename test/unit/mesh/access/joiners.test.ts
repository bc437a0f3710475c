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

test('a group whose people one of the two does not say is not told person by person', () => {
  const { people, ...unsaid } = postgres;
  expect(people).toHaveLength(1);
  expect(accessChanges([unsaid], [joined])).toEqual([]);
  expect(accessChanges([joined], [unsaid])).toEqual([]);
});

test('of who joins a group only what that group gives is told, by host', () => {
  const logs: Permission = { ...joined, to: 'nyc-infra-01', ports: ['tcp/6514'] };
  const api: Permission = { ...joined, to: 'ams-app-01', ports: ['tcp/8443'] };
  const others: Permission = { ...postgres, from: 'group:dba', people: ['kim@example.com'], ports: ['tcp/22'] };
  const before = [logs, api, postgres].map((one) => ({ ...one, people: ['ada@example.com'] }));
  expect(accessChanges([...before, others], [logs, joined, api, others])).toEqual([
    'lin@example.com gains tcp/5432 on fra-db-01 (now in group:platform)',
    'lin@example.com gains tcp/6514 on nyc-infra-01 (now in group:platform)',
    'lin@example.com gains tcp/8443 on ams-app-01 (now in group:platform)',
  ]);
});

test('a login that is checked every time is said so, and is another one than with a longer check', () => {
  const ssh = (check?: string): Permission => ({ ...postgres, ports: ['tcp/22'], ssh: { users: ['ops'], check } });
  expect(accessChanges([ssh('12h')], [ssh('always')])).toEqual([
    'group:platform loses ssh as ops checked every 12h on fra-db-01 (data)',
    'group:platform gains ssh as ops checked every time on fra-db-01 (data)',
  ]);
  expect(accessChanges([ssh('always')], [ssh('always')])).toEqual([]);
});
