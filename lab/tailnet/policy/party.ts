/** Who asks and who is asked: an address, a node, a user, or any holder of a tag. */
import {
  CGNAT,
  CHROMEOS,
  ULA,
  contains,
  isPublic,
  isSingle,
  parseAddress,
  parsePrefix,
  type Address,
} from './address.ts';
import type { Policy, Selector } from './types.ts';

/** A device as the control plane knows it. */
export interface PolicyNode {
  /** The tailnet addresses. */
  addresses: string[];
  tags: string[];
  /** Login of the owner; a tagged node has none. */
  user?: string;
  /** Prefixes that it routes for others, approved ones only. */
  routes?: string[];
}

/** What is known of the tailnet besides the policy. */
export interface Surroundings {
  nodes: PolicyNode[];
  /** Logins with the admin or owner role. */
  admins: string[];
}

export interface Party {
  addresses: Address[];
  tags: string[];
  login: string | undefined;
}

/** A question that has no answer: nobody is named, or a name is unknown. */
export class NoSuchParty extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NoSuchParty';
  }
}

const partyOf = (node: PolicyNode): Party => ({
  addresses: node.addresses.flatMap((text) => parseAddress(text) ?? []),
  tags: node.tags,
  login: node.tags.length > 0 ? undefined : node.user,
});

/** Everyone that a name stands for: one party for an address, each member of a group. Throws NoSuchParty. */
export function resolve(name: string, policy: Policy, around: Surroundings): Party[] {
  const prefix = policy.hosts.get(name) ?? parsePrefix(name);
  if (prefix !== undefined) {
    if (!isSingle(prefix) || name.includes('/'))
      throw new NoSuchParty(`${JSON.stringify(name)} is a range: name a single address`);
    return [atAddress(prefix.address, around)];
  }
  if (name.startsWith('tag:')) {
    if (!policy.tagOwners.has(name)) throw new NoSuchParty(`tag not found: ${JSON.stringify(name)}`);
    return [{ addresses: [], tags: [name], login: undefined }];
  }
  if (name.startsWith('group:')) {
    const members = policy.groups.get(name);
    if (members === undefined) throw new NoSuchParty(`group not found: ${JSON.stringify(name)}`);
    if (members.length === 0) throw new NoSuchParty(`${JSON.stringify(name)} has no members`);
    return members.map((login) => ({ addresses: [], tags: [], login }));
  }
  if (name === 'autogroup:member') return [{ addresses: [], tags: [], login: 'any member' }];
  if (name.includes('@')) return [{ addresses: [], tags: [], login: name }];
  throw new NoSuchParty(`host not found: ${JSON.stringify(name)}`);
}

/**
 * An address with the identity of the node that has it; a LAN host behind a router has none. Rules by prefix look at
 * this address only, not at the node's others.
 */
function atAddress(address: Address, around: Surroundings): Party {
  const text = address.toString();
  const node = around.nodes.find((candidate) =>
    candidate.addresses.some((other) => parseAddress(other)?.toString() === text),
  );
  return node === undefined
    ? { addresses: [address], tags: [], login: undefined }
    : { ...partyOf(node), addresses: [address] };
}

/** Devices that a name stands for; a test's destination and a tagged source must have some. */
export function devices(name: string, policy: Policy, around: Surroundings): Party[] {
  const members = policy.groups.get(name);
  const named = (node: PolicyNode): boolean => {
    if (node.tags.length > 0) return name === 'autogroup:tagged' || node.tags.includes(name);
    if (node.user === undefined) return false;
    return name === 'autogroup:member' || name === node.user || members?.includes(node.user) === true;
  };
  return around.nodes.filter(named).map(partyOf);
}

const isMember = (party: Party): boolean => party.login !== undefined && party.tags.length === 0;

/** A node's address, or one behind an approved route: what `*` means as a source. */
function inTailnet(address: Address, around: Surroundings): boolean {
  if (contains(ULA, address) || (contains(CGNAT, address) && !contains(CHROMEOS, address))) return true;
  const routes = around.nodes.flatMap((node) => node.routes ?? []).map(parsePrefix);
  return routes.some((route) => route !== undefined && route.bits > 0 && contains(route, address));
}

function matchesCommon(selector: Selector, party: Party, around: Surroundings): boolean {
  switch (selector.kind) {
    case 'any':
      return false;
    case 'user':
      return isMember(party) && party.login === selector.login;
    case 'group':
      return isMember(party) && party.login !== undefined && selector.members.includes(party.login);
    case 'tag':
      return party.tags.includes(selector.tag);
    case 'prefix':
      return party.addresses.some((address) => contains(selector.prefix, address));
    case 'autogroup':
      if (selector.name === 'tagged') return party.tags.length > 0;
      if (selector.name === 'member') return isMember(party);
      return ['admin', 'owner'].includes(selector.name) && isMember(party) && around.admins.includes(party.login ?? '');
  }
}

export function matchesSource(selector: Selector, party: Party, around: Surroundings): boolean {
  if (selector.kind === 'any')
    return isMember(party) || party.tags.length > 0 || party.addresses.some((address) => inTailnet(address, around));
  if (selector.kind === 'autogroup' && selector.name === 'danger-all') return true;
  return matchesCommon(selector, party, around);
}

export function matchesDestination(selector: Selector, party: Party, asking: Party, around: Surroundings): boolean {
  if (selector.kind === 'any') return true;
  if (selector.kind === 'autogroup' && selector.name === 'self')
    return isMember(party) && isMember(asking) && party.login === asking.login;
  if (selector.kind === 'autogroup' && selector.name === 'internet') return party.addresses.some(isPublic);
  return matchesCommon(selector, party, around);
}
