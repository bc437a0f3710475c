import type { AccessRule, Endpoint } from '../../../../mesh/access/types.ts';
import type { StackModel } from '../../../../mesh/overlays/tailscale/in-stack.ts';
import type { LanHost, Member } from '../../../../mesh/overlays/tailscale/parties.ts';

export const group = (name: string): Endpoint => ({ kind: 'group', name });
export const tool = (name: string): Endpoint => ({ kind: 'tool', name });
export const site = (name: string): Endpoint => ({ kind: 'members-of-site', site: name });
export const routersOf = (name: string): Endpoint => ({ kind: 'routers-of-site', site: name });
export const role = (name: string): Endpoint => ({ kind: 'members-with-role', role: name });
export const node = (name: string): Endpoint => ({ kind: 'member', name });
export const lan = (name: string, cidr: string, cidr6?: string): Endpoint => ({
  kind: 'lan',
  site: name,
  cidr,
  ...(cidr6 !== undefined && { cidr6 }),
});

/** A host on the LAN of a site, as rules and tests name it. */
export const onLan = (name: string, at: string, address = '10.0.0.1', address6?: string): LanHost => ({
  kind: 'lan-host',
  name,
  site: at,
  address,
  ...(address6 !== undefined && { address6 }),
});

export const member = (name: string, at: string, roles: string[] = [], router = false): Member => ({
  name,
  site: at,
  roles,
  router,
});

export const rule = (
  sources: Endpoint[],
  targets: Endpoint[],
  ports: string[],
  more: Partial<AccessRule> = {},
): AccessRule => ({ sources, targets, ports, why: 'wanted', implicit: false, ...more });

/** What every site with two routers gets unasked. */
export const control = (name: string, cidr: string): AccessRule =>
  rule([routersOf(name)], [lan(name, cidr)], ['icmp/*'], { implicit: true, why: 'control' });

/** A stack with nothing in it. */
export const EMPTY: StackModel = {
  groups: {},
  sites: [],
  members: [],
  namedMembers: [],
  memberRoles: [],
  tools: [],
  lanHosts: [],
  rules: [],
};
