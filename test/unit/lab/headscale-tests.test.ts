import { expect, test } from 'vitest';
import { HeadscaleRefusal, type HeadscaleClient } from '../../../lab/tailnet/headscale/client.ts';
import { Mirror } from '../../../lab/tailnet/headscale/mirror.ts';
import { forHeadscale, testFailures, withTests } from '../../../lab/tailnet/headscale/translate.ts';
import { createScope } from '../../../lab/tailnet/scope.ts';
import { openCollections } from '../../../lab/tailnet/records.ts';
import type { Json } from '../../../lab/tailnet/policy/hujson.ts';
import { ACME, memoryFaults, memoryStore, POLICY } from './tailnet-fixtures.ts';

const tests: { [key: string]: Json; src: string }[] = [
  { src: 'tag:router', proto: 'tcp', accept: ['fra-db-01:5432'] },
  { src: 'group:sre', proto: 'tcp', accept: ['fra-db-01:22'] },
  { src: 'grace@example.com', proto: 'tcp', deny: ['fra-db-01:22'] },
  { src: 'laptop', proto: 'tcp', deny: ['fra-db-01:22'] },
];

/** A control server that answers this to every check. */
function mirrorThat(said: string | undefined) {
  const asked: string[] = [];
  const client = {
    checkPolicy: (text: string) => {
      asked.push(text);
      return said === undefined ? Promise.resolve() : Promise.reject(new HeadscaleRefusal(400, said));
    },
  } as unknown as HeadscaleClient;
  const store = memoryStore();
  const data = openCollections(store);
  const scope = createScope(
    { store, faults: memoryFaults(), clock: () => 0 },
    { ...ACME, preparedPolicy: POLICY },
    data,
  );
  return { asked, refusal: (some: Json[] = tests) => new Mirror(client).testRefusal(scope, some) };
}

test('tests of addresses and tags are asked of headscale with the live policy around them; those of people are not', async () => {
  const { asked, refusal } = mirrorThat(undefined);
  expect(await refusal()).toBeUndefined();
  const sent = JSON.parse(asked[0] ?? '') as { grants: unknown; tests: typeof tests };
  expect(sent.tests.map(({ src }) => src)).toEqual(['tag:router', 'laptop']);
  expect(sent.grants).toEqual((JSON.parse(forHeadscale(POLICY)) as typeof sent).grants);
  expect(withTests(POLICY, tests.slice(1, 3)), 'nothing to ask').toBeUndefined();
  await refusal(tests.slice(1, 3));
  expect(asked).toHaveLength(1);
});

test('what headscale finds is told in the form of the service', async () => {
  const said = [
    'test(s) failed:',
    'tag:router -> fra-db-01:22 (tcp): expected ALLOWED, got DENIED',
    'tag:router -> fra-db-01:5432: expected DENIED, got ALLOWED',
    'tag:app (tcp): source "tag:app" resolved to no IP addresses',
  ].join('\n');
  const failures = [
    {
      user: 'tag:router',
      errors: ['address "fra-db-01:22": want: Accept, got: Drop', 'address "fra-db-01:5432": want: Drop, got: Accept'],
    },
    { user: 'tag:app', errors: ['source "tag:app" resolved to no IP addresses'] },
  ];
  expect(testFailures(said)).toEqual(failures);
  expect(await mirrorThat(said).refusal()).toMatchObject({ message: 'test(s) failed', data: failures });
  expect(testFailures('unknown field "x"')).toEqual([]);
  const other = await mirrorThat('unknown field "x"').refusal();
  expect(other?.message).toContain('headscale, the control server of this lab, refuses: unknown field');
});
