import { portSet, type PortSet } from '../../access/ports.ts';
import type { AccessRule, Endpoint } from '../../access/types.ts';
import type { LanHost } from './tests.ts';

/** A node of this stack, as rules select it. */
export interface Member {
  name: string;
  site: string;
  /** Without `router`. */
  roles: readonly string[];
  router: boolean;
}

/** One that stands at an end of a connection. */
export type Party =
  | { kind: 'person'; groups: readonly string[] }
  | { kind: 'member'; member: Member }
  | { kind: 'lan-host'; host: Pick<LanHost, 'name' | 'site'> };

/** A name that a test can give, and all that it stands for. */
export interface Named {
  text: string;
  /** Keys of the endpoints that are this name in rules. */
  keys: readonly string[];
  parties: readonly Party[];
}

/** An endpoint in one word, in terms of the model: what the policy calls it is the compiler's matter. */
export function endpointKey(endpoint: Endpoint): string {
  switch (endpoint.kind) {
    case 'members-of-site':
    case 'routers-of-site':
    case 'lan':
      return `${endpoint.kind} ${endpoint.site}`;
    case 'members-with-role':
      return `${endpoint.kind} ${endpoint.role}`;
    case 'group':
    case 'tool':
    case 'member':
    case 'lan-host':
      return `${endpoint.kind} ${endpoint.name}`;
  }
}

/** Keys of every endpoint that stands for a party. */
export function keysOf(party: Party): string[] {
  switch (party.kind) {
    case 'person':
      return party.groups.map((name) => endpointKey({ kind: 'group', name }));
    case 'lan-host':
      return [`lan-host ${party.host.name}`, `lan ${party.host.site}`];
    case 'member': {
      const { name, site, roles, router } = party.member;
      const all: Endpoint[] = [
        { kind: 'member', name },
        { kind: 'members-of-site', site },
        ...roles.map((role): Endpoint => ({ kind: 'members-with-role', role })),
      ];
      if (router) all.push({ kind: 'members-with-role', role: 'router' }, { kind: 'routers-of-site', site });
      return all.map(endpointKey);
    }
  }
}

type Side = 'sources' | 'targets';
/** Rules by number, ascending. */
type Numbers = readonly number[];

/** What a kind of pair gets. */
interface Pair {
  rules: readonly AccessRule[];
  ports: PortSet;
}
const NOTHING: Pair = { rules: [], ports: new Map() };

/** Which rules lead from one name to another. Parties that the same rules are for are looked at once, so that a tag of 1,000 nodes is few. */
export class Reach {
  readonly #rules: readonly AccessRule[];
  readonly #index: Readonly<Record<Side, ReadonlyMap<string, Numbers>>>;
  /** Equal lists of rules are one and the same object. */
  readonly #interned = new Map<string, Numbers>();
  readonly #kinds: Readonly<Record<Side, Map<string, readonly Numbers[]>>> = { sources: new Map(), targets: new Map() };
  readonly #between = new Map<Numbers, Map<Numbers, Pair>>();

  constructor(rules: readonly AccessRule[]) {
    this.#rules = rules;
    this.#index = { sources: indexed(rules, 'sources'), targets: indexed(rules, 'targets') };
  }

  /** For each kind of pair of the two, the rules for it and the ports that they give. */
  between(source: Named, target: Named): Pair[] {
    return this.#kindsOf(source, 'sources').flatMap((from) =>
      this.#kindsOf(target, 'targets').map((to) => this.#pair(from, to)),
    );
  }

  /** Rules whose source is this very name. */
  rulesFrom({ keys }: Named): AccessRule[] {
    return this.#at(keys.flatMap((key) => this.#index.sources.get(key) ?? []));
  }

  /** Rules that lead to one of them, by whatever name. */
  rulesTo(target: Named): AccessRule[] {
    return this.#at(this.#kindsOf(target, 'targets').flat());
  }

  #at(numbers: Numbers): AccessRule[] {
    return [...new Set(numbers)].flatMap((at) => this.#rules[at] ?? []);
  }

  #pair(from: Numbers, to: Numbers): Pair {
    const row = this.#between.get(from) ?? new Map<Numbers, Pair>();
    this.#between.set(from, row);
    const known = row.get(to);
    if (known !== undefined) return known;
    const there = new Set(to);
    const rules = this.#at(from.filter((at) => there.has(at)));
    if (rules.length === 0) return NOTHING;
    const pair = { rules, ports: portSet(rules.flatMap(({ ports }) => ports)) };
    row.set(to, pair);
    return pair;
  }

  /** The rules for each kind of party among them. */
  #kindsOf(named: Named, side: Side): readonly Numbers[] {
    const cached = this.#kinds[side].get(named.text);
    if (cached !== undefined) return cached;
    const kinds = new Set(named.parties.map((party) => this.#numbers(party, side)));
    this.#kinds[side].set(named.text, [...kinds]);
    return [...kinds];
  }

  #numbers(party: Party, side: Side): Numbers {
    const found = new Set(keysOf(party).flatMap((key) => this.#index[side].get(key) ?? []));
    const numbers = [...found].sort((a, b) => a - b);
    const text = numbers.join();
    const known = this.#interned.get(text) ?? numbers;
    this.#interned.set(text, known);
    return known;
  }
}

function indexed(rules: readonly AccessRule[], side: Side): Map<string, number[]> {
  const index = new Map<string, number[]>();
  for (const [at, rule] of rules.entries())
    for (const key of new Set(rule[side].map(endpointKey))) {
      const known = index.get(key);
      if (known) known.push(at);
      else index.set(key, [at]);
    }
  return index;
}
