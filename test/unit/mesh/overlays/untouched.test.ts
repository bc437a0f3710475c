import { expect, test } from 'vitest';
import { DEFAULT_POLICY, PREPARED_POLICY } from '../../../../lab/tailnet/policy/default.ts';
import { saysNothing } from '../../../../mesh/overlays/tailscale/untouched.ts';

const prepared = (more: string): string => PREPARED_POLICY.replace(/\}\n$/, `${more}\n}\n`);

test('a new tailnet’s policy says nothing, with and without the owner of the credential’s tag', () => {
  expect(saysNothing(DEFAULT_POLICY)).toBe(true);
  expect(saysNothing(PREPARED_POLICY)).toBe(true);
  expect(saysNothing('{"acls": [{"action": "accept", "src": ["*"], "dst": ["*:*"]}], "groups": {}}')).toBe(true);
});

test.each([
  ['another tag', PREPARED_POLICY.replace('tag:iac', 'tag:db')],
  ['a group', prepared('"groups": {"group:sre": ["grace@example.com"]},')],
  ['a host', prepared('"hosts": {"db": "10.0.0.1"},')],
  ['a narrower rule', PREPARED_POLICY.replace('"dst": ["*"]', '"dst": ["10.0.0.0/8"]')],
  ['no rule at all, which denies everything', '{"acls": []}'],
  ['a text that cannot be read', '{"acls": ['],
  ['a list', '[]'],
])('%s is somebody’s decision', (_what, text) => {
  expect(saysNothing(text)).toBe(false);
});
