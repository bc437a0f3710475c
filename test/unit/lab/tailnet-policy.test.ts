import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY } from '../../../lab/tailnet/policy/default.ts';
import { interpret, NoSuchParty, PolicyError } from '../../../lab/tailnet/policy/index.ts';
import { POLICY } from './tailnet-fixtures.ts';

const TAGS = { 'tag:a': ['autogroup:admin'], 'tag:b': ['autogroup:admin'] };
const policy = (sections: object): string =>
  JSON.stringify({
    tagOwners: TAGS,
    groups: { 'group:g': ['u@example.com'] },
    hosts: { db: '10.0.0.1', net: '10.0.0.0/24' },
    ...sections,
  });
const grant = (fields: object): string =>
  policy({ grants: [{ src: ['tag:a'], dst: ['tag:b'], ip: ['tcp:22'], ...fields }] });

function refusal(text: string): string {
  try {
    interpret(text);
  } catch (error) {
    if (error instanceof PolicyError) return error.describe();
    throw error;
  }
  return 'accepted';
}

describe('a policy text', () => {
  it.each<[what: string, bad: string, words: string, good: string]>([
    ['unknown section', policy({ grnts: [] }), 'grnts: json: unknown field "grnts"', policy({ grants: [] })],
    ['unknown field', grant({ srcs: ['*'] }), 'grants[0].srcs: json: unknown field "srcs"', grant({})],
    ['duplicate key', '{"grants": [], "grants": []}', 'duplicate object member name "grants"', '{"grants": []}'],
    ['undefined tag as source', grant({ src: ['tag:x'] }), 'src=tag not found: "tag:x"', grant({ src: ['tag:b'] })],
    [
      'undefined tag as destination',
      grant({ dst: ['tag:x'] }),
      'dst=tag not found: "tag:x"',
      grant({ dst: ['tag:a'] }),
    ],
    ['undefined group', grant({ src: ['group:x'] }), 'group not found: "group:x"', grant({ src: ['group:g'] })],
    ['undefined host', grant({ dst: ['dbx'] }), '"dbx": invalid address', grant({ dst: ['db'] })],
    ['unknown autogroup', grant({ src: ['autogroup:x'] }), 'autogroup not found', grant({ src: ['autogroup:member'] })],
    ['malformed user', grant({ src: ['a b@c'] }), 'invalid user', grant({ src: ['a@example.com'] })],
    ['malformed address', grant({ dst: ['10.0.0.300'] }), 'invalid address', grant({ dst: ['10.0.0.30'] })],
    ['short address', grant({ dst: ['10.1'] }), 'invalid address', grant({ dst: ['10.0.0.1'] })],
    [
      'prefix with host bits',
      grant({ dst: ['10.0.0.1/24'] }),
      'bits set after the prefix',
      grant({ dst: ['10.0.0.0/24'] }),
    ],
    ['everything as prefix', grant({ dst: ['0.0.0.0/0'] }), 'to allow all IP addresses', grant({ dst: ['*'] })],
    [
      'protocol without ports',
      grant({ ip: ['icmp'] }),
      'port range "icmp": invalid first integer',
      grant({ ip: ['icmp:*'] }),
    ],
    ['port of icmp', grant({ ip: ['icmp:8'] }), 'icmp has no ports', grant({ ip: ['icmp:*'] })],
    ['port zero', grant({ ip: ['tcp:0'] }), 'first port must be >0', grant({ ip: ['tcp:1'] })],
    ['port too large', grant({ ip: ['tcp:65536'] }), 'ports end at 65535', grant({ ip: ['tcp:65535'] })],
    ['reversed range', grant({ ip: ['tcp:9-8'] }), 'first port must be <= last port', grant({ ip: ['tcp:8-9'] })],
    ['unknown protocol', grant({ ip: ['tpc:22'] }), 'unknown protocol "tpc"', grant({ ip: ['6:22'] })],
    ['nothing granted', grant({ ip: [] }), 'ip and app can not both be empty', grant({ ip: ['*'] })],
    [
      'self as source',
      grant({ src: ['autogroup:self'] }),
      'not valid on the src side',
      grant({ src: ['autogroup:member'], dst: ['autogroup:self'] }),
    ],
    [
      'self for a tag',
      grant({ dst: ['autogroup:self'] }),
      'autogroup:self can only be used with users',
      grant({ src: ['group:g'], dst: ['autogroup:self'] }),
    ],
    ['via something else', grant({ via: ['group:g'] }), 'via can only be a tag', grant({ via: ['tag:b'] })],
    [
      'deny rule',
      policy({ acls: [{ action: 'deny', src: ['*'], dst: ['*:*'] }] }),
      'action="deny" is not supported',
      policy({ acls: [{ action: 'accept', src: ['*'], dst: ['*:*'] }] }),
    ],
    [
      'nested group',
      policy({ groups: { 'group:g': ['group:h'], 'group:h': [] } }),
      'group members cannot be recursive',
      policy({ groups: { 'group:h': ['u@example.com'] } }),
    ],
    [
      'bad tag name',
      policy({ tagOwners: { 'tag:1a': [] } }),
      "must start with a letter, after 'tag:'",
      policy({ tagOwners: { 'tag:a1': [] } }),
    ],
    [
      'undefined owner',
      policy({ tagOwners: { 'tag:a': ['tag:x'] } }),
      'tag not found: "tag:x"',
      policy({ tagOwners: { 'tag:a': ['tag:a'] } }),
    ],
    [
      'host name with @',
      policy({ hosts: { 'a@b': '10.0.0.1' } }),
      'host names cannot contain',
      policy({ hosts: { 'a.b': '10.0.0.1' } }),
    ],
    [
      'approver of nothing',
      policy({ autoApprovers: { routes: { '10.0.0.1/24': ['tag:a'] } } }),
      'invalid route prefix',
      policy({ autoApprovers: { routes: { '10.0.0.0/24': ['tag:a'] } } }),
    ],
    [
      'undefined approver',
      policy({ autoApprovers: { exitNode: ['tag:x'] } }),
      'tag not found',
      policy({ autoApprovers: { exitNode: ['tag:a'] } }),
    ],
    [
      'ssh without users',
      policy({ ssh: [{ action: 'accept', src: ['group:g'], dst: ['tag:a'] }] }),
      'users must be specified',
      policy({ ssh: [{ action: 'accept', src: ['group:g'], dst: ['tag:a'], users: ['root'] }] }),
    ],
    [
      'ssh to a host alias',
      policy({ ssh: [{ action: 'accept', src: ['group:g'], dst: ['db'], users: ['root'] }] }),
      'invalid dst "db"',
      policy({ ssh: [{ action: 'check', checkPeriod: '1h30m', src: ['group:g'], dst: ['tag:a'], users: ['root'] }] }),
    ],
    [
      'long checkPeriod',
      policy({ ssh: [{ action: 'check', checkPeriod: '200h', src: ['group:g'], dst: ['tag:a'], users: ['root'] }] }),
      'above the max',
      policy({ ssh: [{ action: 'check', checkPeriod: '168h', src: ['group:g'], dst: ['tag:a'], users: ['root'] }] }),
    ],
    [
      'section that the lab cannot judge',
      policy({ postures: {} }),
      'this lab does not judge it',
      policy({ nodeAttrs: [{ target: ['tag:a'], attr: ['funnel'] }] }),
    ],
  ])('is refused for %s', (_what, bad, words, good) => {
    expect(refusal(bad)).toContain(words);
    expect(refusal(good)).toBe('accepted');
  });

  it('is refused with all its faults at once', () => {
    expect(refusal(grant({ src: ['tag:x'], dst: ['nowhere'], ip: ['icmp'] })).split('\n')).toHaveLength(3);
  });
});

describe('allowed', () => {
  const read = interpret(POLICY);
  it('says yes for what is granted, by name, member and address', () => {
    expect(read.allowed({ src: 'group:sre', dst: 'tag:router', proto: 'tcp', port: 22 })).toBe(true);
    expect(read.allowed({ src: 'grace@example.com', dst: 'fra-db-01', proto: 'tcp', port: 5432 })).toBe(true);
    expect(read.permittedBy({ src: 'group:sre', dst: '10.77.10.10', proto: 'tcp', port: 5432 })).toEqual(['grants[1]']);
  });

  it.each([
    ['another port', 'group:sre', 'tag:router', 'tcp', 23],
    ['another protocol', 'group:sre', 'tag:router', 'udp', 22],
    ['another user', 'eve@example.com', 'tag:router', 'tcp', 22],
    ['somebody in no group', 'autogroup:member', 'tag:router', 'tcp', 22],
    ['the other way', 'tag:router', 'fra-db-01', 'tcp', 5432],
    ['the neighbour of the host', 'group:sre', '10.77.10.11', 'tcp', 5432],
    ['a LAN host as source', '10.77.10.10', 'tag:router', 'tcp', 22],
  ])('says no for %s', (_what, src, dst, proto, port) => {
    expect(read.allowed({ src, dst, proto, port })).toBe(false);
  });

  it('lets a ping through as soon as any port is open, as the packet filter does', () => {
    expect(read.allowed({ src: 'group:sre', dst: 'fra-db-01', proto: 'icmp' })).toBe(true);
    expect(read.allowed({ src: 'tag:iac', dst: 'fra-db-01', proto: 'icmp' })).toBe(false);
  });

  it('gives an address the identity of its node, and rules by prefix that address only', () => {
    const nodes = [{ addresses: ['100.64.0.9', 'fd7a:115c:a1e0::9'], tags: ['tag:a'] }];
    const ask = (text: string, src: string): boolean =>
      interpret(text, { nodes }).allowed({ src, dst: 'tag:b', proto: 'tcp', port: 22 });
    expect(ask(grant({}), '100.64.0.9')).toBe(true);
    expect(ask(grant({}), '100.64.0.8')).toBe(false);
    expect(ask(grant({ src: ['100.64.0.0/16'] }), '100.64.0.9')).toBe(true);
    expect(ask(grant({ src: ['100.64.0.0/16'] }), 'fd7a:115c:a1e0::9')).toBe(false);
  });

  it('takes * as a source for nodes and approved routes only', () => {
    const nodes = [{ addresses: ['100.64.0.9'], tags: ['tag:a'], routes: ['10.1.0.0/16'] }];
    const read = interpret(grant({ src: ['*'] }), { nodes });
    const from = (src: string): boolean => read.allowed({ src, dst: 'tag:b', proto: 'tcp', port: 22 });
    expect(['100.64.0.9', '100.99.0.1', 'fd7a:115c:a1e0::1', '10.1.2.3', 'u@example.com', 'tag:a'].map(from)).toEqual(
      Array(6).fill(true),
    );
    expect(['10.2.0.1', '100.115.92.1', '8.8.8.8'].map(from)).toEqual([false, false, false]);
  });

  it('allows all without any access section, nothing with an empty one', () => {
    const question = { src: 'tag:a', dst: 'tag:b', proto: 'tcp', port: 1 };
    expect(interpret(policy({})).allowed(question)).toBe(true);
    expect(interpret(policy({ grants: [] })).allowed(question)).toBe(false);
    expect(interpret(policy({ acls: [] })).allowed(question)).toBe(false);
    expect(interpret(DEFAULT_POLICY).allowed({ src: 'a@example.com', dst: '10.0.0.1', proto: 'udp', port: 9 })).toBe(
      true,
    );
  });

  it('needs every member of a group', () => {
    const text = policy({
      groups: { 'group:g': ['u@example.com', 'v@example.com'] },
      grants: [{ src: ['u@example.com'], dst: ['db'], ip: ['*'] }],
    });
    expect(interpret(text).allowed({ src: 'group:g', dst: 'db', proto: 'tcp', port: 1 })).toBe(false);
    expect(interpret(text).allowed({ src: 'u@example.com', dst: 'db', proto: 'tcp', port: 1 })).toBe(true);
  });

  it('refuses questions about nobody', () => {
    for (const src of ['tag:none', 'group:none', 'nowhere', 'net'])
      expect(() => read.allowed({ src, dst: 'tag:router', proto: 'tcp', port: 22 })).toThrow(NoSuchParty);
  });
});

describe('owners', () => {
  const read = interpret(POLICY, { admins: ['boss@example.com'] });
  it('of a tag are its owners and the admins', () => {
    expect(read.ownsTag('tag:router', { tags: ['tag:iac'] })).toBe(true);
    expect(read.ownsTag('tag:router', { tags: ['tag:router'] })).toBe(false);
    expect(read.ownsTag('tag:foreign', { tags: [], user: 'grace@example.com' })).toBe(true);
    expect(read.ownsTag('tag:foreign', { tags: [], user: 'eve@example.com' })).toBe(false);
    expect(read.ownsTag('tag:foreign', { tags: [], user: 'boss@example.com' })).toBe(true);
    expect(read.ownsTag('tag:none', { tags: [], user: 'boss@example.com' })).toBe(false);
  });

  it('of a route are its approvers, for the prefix and what lies in it', () => {
    const router = { addresses: [], tags: ['tag:router'] };
    expect(read.approvesRoute('10.77.10.0/24', router)).toBe(true);
    expect(read.approvesRoute('10.77.10.128/25', router)).toBe(true);
    expect(read.approvesRoute('10.77.0.0/16', router)).toBe(false);
    expect(read.approvesRoute('10.77.10.0/24', { addresses: [], tags: ['tag:iac'] })).toBe(false);
    expect(read.approvesRoute('0.0.0.0/0', router)).toBe(false);
  });
});
