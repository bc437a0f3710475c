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
  [
    'ssh',
    '[{"action":"check","src":["autogroup:member"],"dst":["autogroup:self"],"users":["autogroup:nonroot","root"]}]',
  ],
  [
    'ssh',
    '[{"action":"check","src":["autogroup:members"],"dst":["autogroup:self"],"users":["autogroup:nonroot","root"]}]',
  ],
  ['nodeAttrs', '[{"target":["autogroup:member"],"attr":["funnel"]}]'],
  ['nodeAttrs', '[{"target":["autogroup:members"],"attr":["funnel"]}]'],
  ['grants', '[{"src":["*"],"dst":["*"],"ip":["*"]}]'],
  ['tagOwners', '{}'],
])('so does %s %s, which tailnets have started with', (section, value) => {
  expect(saysNothing(`{"${section}": ${value}}`)).toBe(true);
});

test.each([
  ['another tag', PREPARED_POLICY.replace('tag:iac', 'tag:db')],
  ['a group', prepared('"groups": {"group:sre": ["grace@example.com"]},')],
  ['a host', prepared('"hosts": {"db": "10.0.0.1"},')],
  ['a narrower rule', PREPARED_POLICY.replace('"dst": ["*"]', '"dst": ["10.0.0.0/8"]')],
  ['no rule at all, which denies everything', '{"acls": []}'],
  ['a text that cannot be read', '{"acls": ['],
  ['a text with more behind it', `${PREPARED_POLICY} {}`],
  ['another tag beside that of the credential', '{"tagOwners": {"tag:iac": [], "tag:db": []}}'],
  ['owners that are a list', '{"tagOwners": []}'],
  ['owners that are nothing', '{"tagOwners": null}'],
  ['a section that nobody knows', '{"postures": []}'],
  ['a list', '[]'],
  ['nothing', 'null'],
  ['a number', '5'],
])('%s is somebody’s decision', (_what, text) => {
  expect(saysNothing(text)).toBe(false);
});
