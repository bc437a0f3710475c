import { describe, expect, test } from 'vitest';
import { keyReport } from '../../../cli/keys/report.ts';
import type { KeyFacts, KeyReport, KeyRow } from '../../../cli/keys/types.ts';
import { renderKeys } from '../../../cli/render/keys.ts';
import type { ListedDevice, ListedKey } from '../../../io/tailscale/client.ts';
import { TAILNET_SCOPES } from '../../../mesh/config/credentials.ts';

const NOW = Date.parse('2026-03-01T00:00:00Z');
const inDays = (days: number): string => new Date(NOW + days * 86_400_000).toISOString();

const key = (id: string, more: Partial<ListedKey> = {}): ListedKey => ({
  id,
  keyType: 'auth',
  description: '',
  scopes: [],
  tags: [],
  ...more,
});
const joinKey = (id: string, create: { reusable?: boolean; tags?: string[] }, days = 0.04, more = {}): ListedKey =>
  key(id, {
    created: inDays(0),
    expires: inDays(days),
    capabilities: { devices: { create: { reusable: false, ephemeral: false, tags: ['tag:router'], ...create } } },
    ...more,
  });
const device = (hostname: string, more: Partial<ListedDevice> = {}): ListedDevice => ({
  nodeId: `n-${hostname}`,
  name: `${hostname}.acme.ts.net`,
  hostname,
  addresses: [],
  tags: ['tag:router'],
  clientVersion: '',
  authorized: true,
  keyExpiryDisabled: false,
  ...more,
});

const CLIENT = key('kOWN', { keyType: 'client', scopes: [...TAILNET_SCOPES], tags: ['tag:iac'] });
function facts(keys: ListedKey[] = [CLIENT], devices: ListedDevice[] = [], more: Partial<KeyFacts> = {}): KeyFacts {
  return {
    stack: 'prod',
    production: true,
    tailnet: 'acme-prod',
    own: { kind: 'client', id: 'kOWN' },
    listed: { keys, devices },
    members: ['fra-edge-01'],
    clouds: [{ what: 'Hetzner project token', where: 'hcloud:token', scopes: 'read and write', set: true }],
    ssh: [{ what: 'deploy key', fingerprint: 'SHA256:abc', scope: 'logs in as ops on every host' }],
    ...more,
  };
}
const report = (...args: Parameters<typeof facts>): KeyReport => keyReport(facts(...args), NOW);
const rowOf = ({ keys }: KeyReport, id: string): KeyRow | undefined => keys.find((row) => row.id === id);

test('a stack whose credentials last is well; clouds and SSH keys do not tell', () => {
  const good = report();
  expect(good.well).toBe(true);
  expect(rowOf(good, 'kOWN')).toMatchObject({ expires: 'never', state: 'well', remark: '' });
  expect(rowOf(good, 'hcloud:token')).toMatchObject({ expires: 'the cloud does not tell', state: 'untold' });
  expect(rowOf(good, 'SHA256:abc')).toMatchObject({ state: 'untold' });
});

describe('what ends', () => {
  test.each([
    ['long ago', -3, 'expired', false],
    ['tomorrow', 1, 'near', false],
    ['in two weeks', 14, 'near', false],
    ['later', 14.1, 'well', true],
  ])('an API key that ends %s', (_, days, state, well) => {
    const found = report([CLIENT, key('kAPI', { keyType: 'api', expires: inDays(days) })]);
    expect(rowOf(found, 'kAPI')?.state).toBe(state);
    expect(found.well).toBe(well);
    // Worst first.
    expect(found.keys[0]?.id).toBe(well ? 'kOWN' : 'kAPI');
  });

  test('a node key of a host of this stack is flagged, of any other device not', () => {
    const found = report(
      [CLIENT],
      [device('fra-edge-01', { expires: inDays(5) }), device('phone', { expires: inDays(5) })],
    );
    expect(found.well).toBe(false);
    expect(rowOf(found, 'n-fra-edge-01')).toMatchObject({ state: 'near' });
    expect(rowOf(found, 'n-phone')).toBeUndefined();
    const tagged = report([CLIENT], [device('fra-edge-01', { expires: inDays(5), keyExpiryDisabled: true })]);
    expect(rowOf(tagged, 'n-fra-edge-01')).toMatchObject({ expires: 'never', state: 'well' });
  });

  test('a credential that the service refuses is one that ended', () => {
    const found = report([], [], { listed: { refused: 'API token invalid (401)' } });
    expect(found.well).toBe(false);
    expect(rowOf(found, 'kOWN')).toMatchObject({ state: 'expired' });
    expect(rowOf(found, 'hcloud:token')).toBeDefined();
  });
});

describe('join keys in production', () => {
  test.each([
    ['reusable', { reusable: true }, 0.04, 'as many devices'],
    ['of ninety days', {}, 90, 'lives 90 days'],
    ['without a tag', { tags: [] }, 0.04, 'has no tag'],
  ])('one %s is wrong; elsewhere it is a remark', (_, create, days, why) => {
    const found = report([CLIENT, joinKey('kJOIN', create, days)]);
    expect(rowOf(found, 'kJOIN')).toMatchObject({ state: 'wrong', remark: expect.stringContaining(why) as string });
    expect(found.well).toBe(false);
    const elsewhere = report([CLIENT, joinKey('kJOIN', create, days)], [], { production: false });
    expect(rowOf(elsewhere, 'kJOIN')).toMatchObject({ state: 'well', remark: expect.stringContaining(why) as string });
    expect(elsewhere.well).toBe(true);
  });

  test('those of the program are well, and what is spent or taken back is nothing', () => {
    const found = report([
      CLIENT,
      joinKey('kOURS', {}),
      joinKey('kSPENT', { reusable: true }, 90, { invalid: true }),
      joinKey('kGONE', { reusable: true }, 90, { revoked: inDays(0) }),
    ]);
    expect(rowOf(found, 'kOURS')).toMatchObject({ state: 'well', remark: '', scope: 'joins as tag:router, once' });
    expect([rowOf(found, 'kSPENT'), rowOf(found, 'kGONE')]).toEqual([undefined, undefined]);
    expect(found.well).toBe(true);
  });
});

describe('the stack’s own credential', () => {
  test('that may do more than the program needs is told; reading what it may write is no more', () => {
    const all = report([{ ...CLIENT, scopes: ['all'] }]);
    expect(rowOf(all, 'kOWN')?.remark).toBe('may do more than the program needs: all');
    expect(rowOf(report([{ ...CLIENT, scopes: ['auth_keys', 'dns:read'] }]), 'kOWN')?.remark).toBe('');
  });

  test('that may not list itself is there all the same, and the note says what its list leaves out', () => {
    const found = report([]);
    expect(rowOf(found, 'kOWN')).toMatchObject({ what: 'OAuth client of this stack', expires: 'never' });
    expect(found.notes.join()).toContain('oauth_keys:read');
    const byKey = report([], [], { own: { kind: 'api', id: 'kAPI' } });
    expect(rowOf(byKey, 'kAPI')).toMatchObject({ what: 'API key of this stack', state: 'untold' });
  });
});

test('the table has every row and says what is to be done', () => {
  const found = report([CLIENT, key('kAPI', { keyType: 'api', expires: inDays(1), description: 'ada' })]);
  const text = renderKeys(found);
  for (const { id } of found.keys) expect(text).toContain(id);
  expect(text).toContain('1 day left');
  expect(text).toContain('Something has to be done');
  expect(renderKeys(report())).toContain('Nothing ends within 14 days');
});
