import { describe, expect, test } from 'vitest';
import { PolicyUnreadable } from '../../../../../mesh/overlays/tailscale/policy/index.ts';
import { allows, granted, policy, world } from './fixtures.ts';

// What the service's own packet filters say; each of these was read otherwise once.
describe('as the service has it', () => {
  test('a single address is its node’s, also where a rule names a prefix around it', () => {
    const around = world({
      nodes: [
        { name: 'a', tags: ['tag:app'], addresses: ['100.68.254.75', 'fd7a:115c:a1e0::1'] },
        { name: 'b', tags: ['tag:db'], addresses: ['100.72.230.89', 'fd7a:115c:a1e0::2'] },
      ],
    });
    const of = granted({ src: ['*'], dst: ['100.64.0.0/12'], ip: ['tcp:443'] });
    expect(allows(of, '100.68.254.75', '100.72.230.89', 'tcp/443', around)).toBe(true);
    expect(allows(of, '100.68.254.75', '100.72.230.89', 'tcp/444', around)).toBe(false);
    // The other address of the same node is outside of it.
    expect(allows(of, 'fd7a:115c:a1e0::1', 'fd7a:115c:a1e0::2', 'tcp/443', around)).toBe(false);
  });

  test('an exit node brings nobody in: * as a source is no address of the internet', () => {
    const [node] = world().nodes;
    const nodes = [
      ...world().nodes,
      { ...node, name: 'exit', tags: ['tag:new'], addresses: [], routes: ['0.0.0.0/0', '::/0'] },
    ];
    const of = granted({ src: ['*'], dst: ['tag:db'], ip: ['tcp:443'] });
    const around = world({ nodes });
    expect(allows(of, '203.0.113.7', 'db-1', 'tcp/443', around)).toBe(false);
    expect(allows(of, '2001:db8::7', 'db-1', 'tcp/443', around)).toBe(false);
    expect(allows(of, '10.77.10.30', 'db-1', 'tcp/443', around)).toBe(true);
  });

  test('a role selects the devices of those who have it', () => {
    const of = granted({ src: ['autogroup:admin'], dst: ['autogroup:admin'], ip: ['tcp:443'] });
    expect(allows(of, 'laptop', 'ada@example.com', 'tcp/443')).toBe(true);
    expect(allows(of, 'linus@example.com', 'laptop', 'tcp/443')).toBe(false);
    expect(allows(of, 'app-1', 'laptop', 'tcp/443')).toBe(false);
  });

  test('everybody to their own devices is read in acls, and refused in grants', () => {
    const acls = policy({ acls: [{ action: 'accept', src: ['*'], dst: ['autogroup:self:443'] }] });
    expect(allows(acls, 'ada@example.com', 'laptop', 'tcp/443')).toBe(true);
    expect(allows(acls, 'linus@example.com', 'laptop', 'tcp/443')).toBe(false);
    expect(allows(acls, 'app-1', 'app-2', 'tcp/443')).toBe(false);
    expect(() => granted({ src: ['*'], dst: ['autogroup:self'], ip: ['tcp:443'] })).toThrow(PolicyUnreadable);
    expect(() => policy({ acls: [{ action: 'accept', src: ['tag:app'], dst: ['autogroup:self:443'] }] })).toThrow(
      PolicyUnreadable,
    );
  });
});
