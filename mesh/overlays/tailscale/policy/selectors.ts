import { isLogin, isTag, undefinedName, type Names } from './names.ts';
import { nearest } from './nearest.ts';
import { INTERNET, parseRange } from './ranges.ts';
import type { Selector } from './types.ts';

/** Autogroups of people, by their role in the tailnet. */
const ROLES = ['admin', 'owner', 'it-admin', 'network-admin', 'billing-admin', 'auditor'];
const PEOPLE = ['member', 'members', 'shared', ...ROLES];
const SOURCES = [...PEOPLE, 'tagged', 'danger-all'];
const TARGETS = [...PEOPLE, 'tagged', 'self', 'internet'];

export type Side = 'src' | 'dst';

/** What a name on a side of a rule selects, or what is wrong with it. */
export function parseSelector(text: string, side: Side, names: Names): Selector | string {
  if (text === '*') return { kind: 'any', text };
  if (text.startsWith('tag:')) {
    if (!isTag(text))
      return `${JSON.stringify(text)} is no name of a tag: a letter first, then letters, digits and dashes`;
    if (names.tagOwners.has(text)) return { kind: 'tag', tag: text, text };
    return undefinedName('tag', text, [...names.tagOwners.keys()], 'tagOwners');
  }
  if (text.startsWith('group:')) {
    const members = names.groups.get(text);
    if (members !== undefined) return { kind: 'group', members, text };
    return undefinedName('group', text, [...names.groups.keys()], 'groups');
  }
  if (text.startsWith('autogroup:')) return autogroup(text, side);
  if (text.startsWith('ipset:')) {
    const ranges = names.ipsets.get(text);
    if (ranges !== undefined) return { kind: 'addresses', ranges, text };
    return undefinedName('set of addresses', text, [...names.ipsets.keys()], 'ipsets');
  }
  if (text.startsWith('svc:')) return { kind: 'service', text };
  if (text.includes('@')) return person(text);
  return address(text, names);
}

function person(text: string): Selector | string {
  const plain = text.replace(/^user:/, '');
  const [, domain] = /^\*@([^\s:@*]+)$/.exec(plain) ?? [];
  if (domain !== undefined) return { kind: 'domain', domain, text };
  return isLogin(plain)
    ? { kind: 'user', login: plain, text }
    : `${JSON.stringify(text)} is no login: write name@example.com`;
}

function address(text: string, names: Names): Selector | string {
  const alias = names.hosts.get(text.replace(/^host:/, ''));
  if (alias !== undefined) return { kind: 'addresses', ranges: alias, text };
  const range = parseRange(text);
  if (typeof range === 'string') return `${text} ${range}`;
  if (range !== undefined) return { kind: 'addresses', ranges: [range], text };
  const near = nearest(text, [...names.hosts.keys(), ...names.groups.keys(), ...names.tagOwners.keys()]);
  return `${JSON.stringify(text)} is no alias of hosts, no address, no group, no tag and no login; ${
    near === undefined ? 'add it to hosts' : `did you mean ${near}?`
  }`;
}

function autogroup(text: string, side: Side): Selector | string {
  const name = text.slice('autogroup:'.length);
  const known = side === 'src' ? SOURCES : TARGETS;
  if (name === 'internet' && side === 'dst') return { kind: 'addresses', ranges: INTERNET, text };
  if (known.includes(name)) return { kind: 'autogroup', name: name === 'members' ? 'member' : name, text };
  if (name === 'self') return 'autogroup:self stands for the devices of whoever asks, so it can be a destination only';
  if (name === 'internet') return 'autogroup:internet can be a destination only';
  if (name === 'danger-all') return 'autogroup:danger-all can be a source only';
  if (name === 'nonroot') return 'autogroup:nonroot names users of a host: it belongs under users of an ssh rule';
  const near = nearest(name, known);
  return `no autogroup is called ${text}; ${near === undefined ? `there are: ${known.join(', ')}` : `did you mean autogroup:${near}?`}`;
}

/** Whether a source can be the owner of devices, which `autogroup:self` is about. */
export const isPeople = (selector: Selector): boolean =>
  ['user', 'group', 'domain'].includes(selector.kind) ||
  (selector.kind === 'autogroup' && PEOPLE.includes(selector.name));
