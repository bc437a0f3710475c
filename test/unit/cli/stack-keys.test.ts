import { expect, test } from 'vitest';
import { keyFaults } from '../../../cli/stack-keys.ts';
import { namespaced } from '../../../mesh/config/stack-text.ts';

test('a key of nobody’s namespace is a fault that says what was meant', () => {
  expect(keyFaults({ 'sitemesh:access': [] })[0]).toContain('did you mean site-mesh:access?');
  expect(keyFaults({ 'site-mesh:access': [], 'hcloud:endpoint': 'x', 'pulumi:disable-default-providers': [] })).toEqual(
    [],
  );
});

test('a key of a provider that nobody hands to it is a fault: it would have no effect', () => {
  expect(keyFaults({ 'digitalocean:tokn': 'x' })[0]).toContain('did you mean digitalocean:token?');
  expect(keyFaults({ 'hcloud:pollInterval': '1s' })[0]).toMatch(/nothing reads this key\n.*remove it/);
  expect(keyFaults({ 'digitalocean:apiEndpoint': 'x', 'tailscale:baseUrl': 'x' })).toEqual([]);
});

test('a key without a namespace is the project’s own, as Pulumi reads it', () => {
  expect(namespaced({ access: [1], 'site-mesh:groups': {}, 'hcloud:endpoint': 'x' })).toEqual({
    access: [1],
    groups: {},
  });
});

test('a credential in plain is a fault that does not show it; an encrypted one is none', () => {
  const [fault] = keyFaults({ 'site-mesh:sshPrivateKey': 'hunter2' });
  expect(fault).toContain('pulumi config set --secret site-mesh:sshPrivateKey');
  expect(fault).not.toContain('hunter2');
  expect(keyFaults({ 'digitalocean:token': 'hunter2' })[0]).toContain('pulumi config set --secret digitalocean:token');
  expect(
    keyFaults({
      'site-mesh:sshPrivateKey': { secure: 'v1:x' },
      'digitalocean:token': { secure: 'v1:x' },
      'digitalocean:apiEndpoint': 'http://127.0.0.1:1',
    }),
  ).toEqual([]);
});

test('a mapping of encrypted values is a secret, one with a value in plain is none', () => {
  const secret = { secure: 'v1:x' };
  const config = (value: unknown) => ({ 'site-mesh:accountTokens': value });
  expect(namespaced(config({ eu: secret, us: secret }))).toEqual({});
  expect(namespaced(config({ eu: secret, us: 'plain' }))).toEqual({ accountTokens: { eu: secret, us: 'plain' } });
  expect(keyFaults({ 'hcloud:token': { eu: secret, us: 'plain' } })).toHaveLength(1);
});
