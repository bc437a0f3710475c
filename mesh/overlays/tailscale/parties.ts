import { portSet, type PortSet } from '../../access/ports.ts';
import type { AccessRule, Endpoint } from '../../access/types.ts';

/** A node of this stack, as rules select it. */
export interface Member {
  name: string;
  site: string;
  /** Without `router`. */
  roles: readonly string[];
  router: boolean;
}

/** A host on a LAN that a test can name by its addresses. */
export type LanHost = Extract<Endpoint, { kind: 'lan-host' }> & { site: string };

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
/** A rule with its number. */
interface Numbered<R> {
  at: number;
  rule: R;
}
type Index<R> = ReadonlyMap<string, readonly Numbered<R>[]>;
/** The rules for a kind of party. */
type Kind<R> = readonly Numbered<R>[];

/** What a kind of pair gets. */
interface Pair<R> {
  rules: readonly R[];
  ports: PortSet;
}

/** Which rules lead from one name to another. Parties that the same rules are for are looked at once, so that a tag of 1,000 nodes is few. */
export class Reach<R extends AccessRule = AccessRule> {
  readonly #index: Readonly<Record<Side, Index<R>>>;
  readonly #kinds: Readonly<Record<Side, Map<string, readonly Kind<R>[]>>> = { sources: new Map(), targets: new Map() };

  constructor(rules: readonly R[]) {
    const numbered = rules.map((rule, at) => ({ at, rule }));
    this.#index = { sources: indexed(numbered, 'sources'), targets: indexed(numbered, 'targets') };
  }

  /** For each kind of pair of the two, the rules for it and the ports that they give. */
  between(source: Named, target: Named): Pair<R>[] {
    return this.#kindsOf(source, 'sources').flatMap((from) =>
      this.#kindsOf(target, 'targets').map((to) => this.#pair(from, to)),
    );
  }

  /** Rules whose source is this very name. */
  rulesFrom({ keys }: Named): R[] {
    return rulesOf(keys.flatMap((key) => this.#index.sources.get(key) ?? []));
  }

  /** Rules that lead to one of them, by whatever name. */
  rulesTo(target: Named): R[] {
    return rulesOf(this.#kindsOf(target, 'targets').flat());
  }

  #pair(from: Kind<R>, to: Kind<R>): Pair<R> {
    const there = new Set(to);
    const rules = rulesOf(from.filter((one) => there.has(one)));
    return { rules, ports: portSet(rules.flatMap(({ ports }) => ports)) };
  }

  /** The rules for each kind of party among them. */
  #kindsOf(named: Named, side: Side): readonly Kind<R>[] {
    const cached = this.#kinds[side].get(named.text);
    if (cached !== undefined) return cached;
    const found = named.parties.map((party) => keysOf(party).flatMap((key) => this.#index[side].get(key) ?? []));
    const kinds = [...new Map(found.map((kind) => [kind.map(({ at }) => at).join(), kind])).values()];
    this.#kinds[side].set(named.text, kinds);
    return kinds;
  }
}

const rulesOf = <R>(numbered: readonly Numbered<R>[]): R[] => [...new Set(numbered.map(({ rule }) => rule))];

function indexed<R extends AccessRule>(rules: readonly Numbered<R>[], side: Side): Index<R> {
  const index = new Map<string, Numbered<R>[]>();
  for (const one of rules)
    for (const key of new Set(one.rule[side].map(endpointKey))) {
      const known = index.get(key);
      if (known) known.push(one);
      else index.set(key, [one]);
    }
  return index;
}
