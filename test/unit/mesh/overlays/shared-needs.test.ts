import { expect, test } from 'vitest';
import { missingIn } from '../../../../mesh/overlays/tailscale/shared-needs.ts';

const NEEDS = {
  tag: 'tag:iac-dev',
  tags: ['tag:dev-db', 'tag:site-dev-fra'],
  routes: [
    { prefix: '10.1.0.0/24', tag: 'tag:router-dev-fra' },
    { prefix: '10.2.0.0/24', tag: 'tag:router-dev-sin' },
  ],
};
const policy = (owners: object, routes: unknown): string =>
  `// HuJSON\n{"tagOwners": ${JSON.stringify(owners)}, "autoApprovers": ${JSON.stringify({ routes })},}`;
const OWNERS = {
  'tag:iac-dev': ['autogroup:admin'],
  'tag:dev-db': ['tag:other', 'tag:iac-dev'],
  'tag:site-dev-fra': ['tag:iac-dev'],
};
const ROUTES = { '10.1.0.0/24': ['tag:router-dev-fra'], '10.2.0.0/24': ['tag:x', 'tag:router-dev-sin'] };

test('a policy that gives a stack all its tags and routes misses nothing', () => {
  expect(missingIn(policy(OWNERS, ROUTES), NEEDS)).toEqual([]);
});

test('what a policy does not give is told, each in a line', () => {
  expect(
    missingIn(policy({ 'tag:dev-db': ['tag:iac'], 'tag:site-dev-fra': ['tag:iac-dev'] }, { '10.1.0.0/24': [] }), NEEDS),
  ).toEqual([
    'tag:iac-dev, which the credential of this stack carries, is unknown to it',
    'tag:dev-db is not given out by tag:iac-dev',
    '10.1.0.0/24 is not approved for tag:router-dev-fra',
    '10.2.0.0/24 is not approved for tag:router-dev-sin',
  ]);
});

test.each([
  ['no section at all', '{}'],
  ['nothing', 'null'],
  ['other things than mappings and lists', '{"tagOwners": "tag:iac-dev", "autoApprovers": {"routes": null}}'],
])('a policy that has %s gives nothing', (_what, text) => {
  expect(missingIn(text, NEEDS)).toHaveLength(5);
});

test('an owner that is no list owns nothing', () => {
  const text = policy({ ...OWNERS, 'tag:dev-db': 'tag:iac-dev' }, ROUTES);
  expect(missingIn(text, NEEDS)).toEqual(['tag:dev-db is not given out by tag:iac-dev']);
});

test.each(['{"tagOwners": ', policy(OWNERS, ROUTES).replace(', "auto', ' "auto')])(
  'a text that is no HuJSON cannot be read: %s',
  (text) => {
    expect(missingIn(text, NEEDS)).toEqual(['it cannot be read']);
  },
);
