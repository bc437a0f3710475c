import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowAllReasons } from '../../../policies/allow-all.ts';

const grant = (src: string[], dst: string[], ip: string[] = ['*']): string =>
  JSON.stringify({ grants: [{ src, dst, ip }] });
const acl = (src: string[], dst: string[], more: object = {}): string =>
  JSON.stringify({ acls: [{ action: 'accept', src, dst, ...more }] });

describe('a policy that allows all is refused', () => {
  it.each([
    ['everybody to everything, as a grant', grant(['*'], ['*'])],
    ['everybody to everything, as an acl', acl(['*'], ['*:*'])],
    ['under the older names of an acl', JSON.stringify({ ACLs: [{ Action: 'accept', Users: ['*'], Ports: ['*:*'] }] })],
    ['every user to every node', grant(['autogroup:member'], ['*'])],
    ['every user under the older name', acl(['autogroup:members'], ['*:*'])],
    ['every user of a domain to every server', grant(['user:*@example.com'], ['autogroup:tagged'])],
    ['servers among themselves', grant(['autogroup:tagged'], ['autogroup:tagged'])],
    ['by the whole IPv4 space', acl(['0.0.0.0/0'], ['0.0.0.0/0:*'])],
    ['by the whole IPv6 space', acl(['::/0'], ['::/0:*'])],
    ['by the range that every node has its address in', grant(['100.64.0.0/10'], ['fd7a:115c:a1e0::/48'])],
    ['by two halves of that range', grant(['100.64.0.0/11', '100.96.0.0/11'], ['100.64.0.0-100.127.255.255'])],
    [
      'by a host alias',
      JSON.stringify({ hosts: { all: '0.0.0.0/0' }, grants: [{ src: ['all'], dst: ['all'], ip: ['*'] }] }),
    ],
    [
      'by a set of addresses',
      JSON.stringify({ ipsets: { 'ipset:x': ['add 0.0.0.0/1'] }, acls: [{ src: ['ipset:x'], dst: ['*:*'] }] }),
    ],
    ['on all ports of TCP', grant(['*'], ['*'], ['tcp:*'])],
    ['on two port ranges that leave nothing out', grant(['*'], ['*'], ['tcp:0-1023', '1024-65535'])],
    ['on all ports of UDP, as an acl', acl(['*'], ['*:1-65535'], { proto: 'udp' })],
    [
      'hidden behind a harmless second section of the same name',
      '{"grants":[{"src":["*"],"dst":["*"],"ip":["*"]}],"grants":[]}',
    ],
    [
      'with comments and trailing commas',
      '{ // open\n "grants": [ {"src": ["*",], "dst": ["*",], "ip": ["*",],}, ], }',
    ],
  ])('%s', (_name, text) => {
    expect(allowAllReasons(text)).toHaveLength(1);
    expect(allowAllReasons(text)[0]).toMatch(/^lets every .* reach every .* on all ports \((grants|acls)\[0\]\)$/);
  });
});

describe('a policy that leaves somebody, something or some port out passes', () => {
  it.each([
    ['nothing at all, said aloud', '{"grants": []}'],
    ['nothing at all, as acls', '{"acls": [] /* deny */ }'],
    ['a group to everything', grant(['group:platform'], ['*'])],
    ['everybody to one tag', grant(['*'], ['tag:web'])],
    ['everybody to everything on one port', grant(['*'], ['*'], ['tcp:443'])],
    ['everybody may ping', acl(['*'], ['*:*'], { proto: 'icmp' })],
    ['users to their own devices', acl(['autogroup:member'], ['autogroup:self:*'])],
    ['users to the internet through an exit node', grant(['autogroup:member'], ['autogroup:internet'])],
    ['half of the range', grant(['100.64.0.0/11'], ['100.64.0.0/11'])],
    ['all but one port', grant(['*'], ['*'], ['tcp:1-21', 'tcp:23-65535'])],
    [
      'an application capability, which carries no packets',
      '{"grants":[{"src":["*"],"dst":["*"],"app":{"example.com/cap/x":[]}}]}',
    ],
    ['a host alias for one address', '{"hosts":{"db":"10.77.10.10"},"acls":[{"src":["*"],"dst":["db:*"]}]}'],
    ['a destination whose name only looks broad', acl(['*'], ['group:*:*'])],
  ])('%s', (_name, text) => {
    expect(allowAllReasons(text)).toEqual([]);
  });
});

describe('a policy that cannot be judged is refused', () => {
  it.each([
    ['', 'is empty'],
    ['  \n', 'is empty'],
    ['{}', 'has neither `grants` nor `acls`'],
    ['{"grants": null}', 'has neither `grants` nor `acls`'],
    ['{"groups": {"group:a": ["ada@example.com"]}}', 'has neither `grants` nor `acls`'],
    ['{"grants": [', 'is not valid HuJSON (line 1)'],
    ['{\n"grants": []\n} trailing', 'is not valid HuJSON (line 3)'],
    ['[]', 'is not an object'],
    ['{"grants": {}}', 'has something else than a list in grants'],
    ['{"grants": ["*"]}', 'has something else than an object in grants[0]'],
    ['{"acls": [{"src": [1], "dst": []}]}', 'has something else than text in acls[0].src'],
  ])('%j', (text, reason) => {
    expect(allowAllReasons(text)).toEqual([expect.stringContaining(reason)]);
  });

  it('and no reason repeats what stands in the text', () => {
    for (const text of ['{"grants": tskey-SENTINEL}', '{"grants": "SENTINEL"}', grant(['*', 'SENTINEL'], ['*'])]) {
      expect(allowAllReasons(text)).toHaveLength(1);
      expect(allowAllReasons(text)[0]).not.toContain('SENTINEL');
    }
  });
});

describe('whatever else a policy holds', () => {
  const narrow = fc.record({
    src: fc.array(fc.constantFrom('group:sre', 'tag:app', 'ada@example.com', '10.77.20.0/24'), { minLength: 1 }),
    dst: fc.array(fc.constantFrom('*', 'tag:db', '10.77.10.10', '0.0.0.0/0'), { minLength: 1 }),
    ip: fc.array(fc.constantFrom('*', 'tcp:5432', 'udp:53', 'icmp:*'), { minLength: 1 }),
  });
  const allowAll = { src: ['tag:app', '*'], dst: ['tag:db', '*'], ip: ['tcp:22', '*'] };

  it('rules with named sources pass, in any number and order', () => {
    fc.assert(fc.property(fc.array(narrow), (grants) => allowAllReasons(JSON.stringify({ grants })).length === 0));
  });

  it('one rule that allows all is found, at its place', () => {
    fc.assert(
      fc.property(
        fc.array(narrow),
        fc.array(narrow),
        fc.constantFrom('grants', 'Grants', 'GRANTS'),
        (before, after, key) => {
          const text = JSON.stringify({ [key]: [...before, allowAll, ...after] }, undefined, 2);
          expect(allowAllReasons(text)).toEqual([expect.stringContaining(`(grants[${before.length}])`)]);
        },
      ),
    );
  });
});
