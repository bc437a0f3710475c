/** Who or what a rule names: users, groups, tags, autogroups, host aliases, addresses. */
import { formatPrefix, hasHostBits, parsePrefix, type Prefix } from './address.ts';
import type { Selector } from './types.ts';

/** The names a selector may use. */
export interface Names {
  groups: Map<string, string[]>;
  hosts: Map<string, Prefix>;
  tags: Set<string>;
}

/** Roles of people, and the one for every tagged node. */
const PEOPLE = ['member', 'admin', 'owner', 'network-admin', 'it-admin', 'billing-admin', 'auditor'];
const SOURCES = [...PEOPLE, 'tagged', 'shared', 'danger-all'];
const DESTINATIONS = [...PEOPLE, 'tagged', 'self', 'internet'];
export type Side = 'src' | 'dst' | 'owner';

export const isLogin = (text: string): boolean => /^[^\s:@]+@[^\s:@]+$/.test(text);
export const isTag = (text: string): boolean => /^tag:[A-Za-z][A-Za-z0-9-]*$/.test(text);

/** The selector, or the service's words for why it is none. `owner` is the side of tagOwners and autoApprovers. */
export function parseSelector(text: string, side: Side, names: Names): Selector | string {
  const quoted = JSON.stringify(text);
  if (text === '*') return side === 'owner' ? '"*" cannot own tags or approve routes' : { kind: 'any' };
  if (text.startsWith('tag:')) return names.tags.has(text) ? { kind: 'tag', tag: text } : `tag not found: ${quoted}`;
  if (text.startsWith('group:')) {
    const members = names.groups.get(text);
    return members === undefined ? `group not found: ${quoted}` : { kind: 'group', name: text, members };
  }
  if (text.startsWith('autogroup:')) return autogroup(text, side);
  if (text.includes('@')) return isLogin(text) ? { kind: 'user', login: text } : `${quoted}: invalid user`;
  if (side === 'owner') return `${quoted}: only users, groups, autogroups and tags can stand here`;
  const alias = names.hosts.get(text);
  const prefix = alias ?? parsePrefix(text);
  if (prefix === undefined) return `${quoted}: invalid address`;
  if (prefix.bits === 0) return `${side} ${quoted}: to allow all IP addresses, use "*" or "autogroup:internet"`;
  if (alias === undefined && hasHostBits(prefix))
    return `${quoted}: ${formatPrefix(prefix)} has bits set after the prefix`;
  return { kind: 'prefix', prefix };
}

function autogroup(text: string, side: Side): Selector | string {
  const name = text.slice('autogroup:'.length);
  if (name === 'self' && side === 'src') return '"autogroup:self" not valid on the src side of a rule';
  if (name === 'danger-all' && side === 'dst') return 'cannot use autogroup:danger-all as a dst';
  const known = side === 'src' ? SOURCES : side === 'dst' ? DESTINATIONS : PEOPLE;
  return known.includes(name) ? { kind: 'autogroup', name } : `autogroup not found: ${JSON.stringify(text)}`;
}

/** `autogroup:self` means the devices of the asking user, so only people may ask. */
export function mayUseSelf(src: Selector): boolean {
  return src.kind === 'user' || src.kind === 'group' || (src.kind === 'autogroup' && PEOPLE.includes(src.name));
}
