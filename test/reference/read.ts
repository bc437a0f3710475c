import { parse, type ParseError } from 'jsonc-parser';

/** One rule, grant or acl, in one form: who, to where, and what of the traffic. */
export interface Rule {
  src: string[];
  targets: { dst: string; traffic: Traffic[] }[];
}

/** IP protocol numbers, and the destination ports; both ends are in it. */
export interface Traffic {
  protocols: readonly number[];
  first: number;
  last: number;
}

export interface Document {
  rules: Rule[];
  groups: Record<string, string[]>;
  hosts: Record<string, string>;
}

/** What a rule says of the traffic, and this interpreter has no answer for. */
export class Beyond extends Error {}

/** Numbers as IANA assigns them, under the names that the policy syntax lists. */
const PROTOCOLS: Readonly<Record<string, readonly number[]>> = {
  // The one of IPv4; that of IPv6 is named apart.
  icmp: [1],
  'ipv6-icmp': [58],
  igmp: [2],
  ipv4: [4],
  'ip-in-ip': [4],
  tcp: [6],
  egp: [8],
  igp: [9],
  udp: [17],
  gre: [47],
  esp: [50],
  ah: [51],
  sctp: [132],
};

/** A rule that names no protocol is for TCP, UDP and ICMP in both families. */
const UNNAMED = [6, 17, 1, 58] as const;

/** @throws Error when the text is no policy @throws Beyond at a condition that this interpreter does not judge */
export function read(text: string): Document {
  const errors: ParseError[] = [];
  const raw = lowered(parse(text, errors, { allowTrailingComma: true }));
  if (errors.length > 0) throw new Error('not HuJSON');
  const acls = list(raw.acls).map(acl);
  const grants = list(raw.grants).map(grant);
  // A policy that has neither section is the one of a new tailnet: everything.
  const rules =
    raw.acls === undefined && raw.grants === undefined
      ? [{ src: ['*'], targets: [{ dst: '*', traffic: [{ protocols: UNNAMED, first: 0, last: 65_535 }] }] }]
      : [...acls, ...grants];
  return { rules, groups: (raw.groups ?? {}) as Document['groups'], hosts: (raw.hosts ?? {}) as Document['hosts'] };
}

type Raw = Record<string, unknown>;

function acl(raw: Raw): Rule {
  refuse(raw, ['srcposture', 'via']);
  const protocols = raw.proto === undefined || raw.proto === '' ? UNNAMED : numbers(raw.proto as string);
  return {
    src: (raw.src ?? raw.users) as string[],
    targets: ((raw.dst ?? raw.ports) as string[]).map((text) => {
      const at = text.lastIndexOf(':');
      const dst = text.slice(0, at).replace(/^\[(.*)\]$/, '$1');
      return { dst, traffic: ports(text.slice(at + 1)).map((range) => ({ protocols, ...range })) };
    }),
  };
}

function grant(raw: Raw): Rule {
  refuse(raw, ['srcposture', 'via']);
  const traffic = ((raw.ip ?? []) as string[]).flatMap((text) => {
    const [head = '', tail] = text.split(':');
    return ports(tail ?? head).map((range) => ({ protocols: tail === undefined ? UNNAMED : numbers(head), ...range }));
  });
  return { src: raw.src as string[], targets: (raw.dst as string[]).map((dst) => ({ dst, traffic })) };
}

function refuse(raw: Raw, keys: string[]): void {
  for (const key of keys) if (list(raw[key]).length > 0) throw new Beyond(`${key} is not judged here`);
}

const numbers = (name: string): readonly number[] =>
  /^\d+$/.test(name) ? [Number(name)] : (PROTOCOLS[name.toLowerCase()] ?? fail(`no protocol: ${name}`));

/** `*`, `22`, `8000-8010`, `80,443`. */
function ports(text: string): { first: number; last: number }[] {
  return text.split(',').map((part) => {
    if (part === '*') return { first: 0, last: 65_535 };
    const [first = '', last = first] = part.split('-');
    return { first: Number(first), last: Number(last) };
  });
}

const list = (value: unknown): Raw[] => (Array.isArray(value) ? (value as Raw[]) : []);
const fail = (message: string): never => {
  throw new Error(message);
};

/** Fields are found in any letter case, names of groups and hosts are not touched: two levels of fields, at most. */
function lowered(raw: unknown): Raw {
  const fields = (value: unknown): Raw =>
    Object.fromEntries(Object.entries(value as Raw).map(([key, entry]) => [key.toLowerCase(), entry]));
  const top = fields(raw);
  for (const section of ['acls', 'grants']) if (Array.isArray(top[section])) top[section] = top[section].map(fields);
  return top;
}
