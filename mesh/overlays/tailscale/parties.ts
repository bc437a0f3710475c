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
  | { kind: 'person'; groups: ReadonlySet<string> }
  | { kind: 'member'; member: Member }
  | { kind: 'lan-host'; host: LanHost };

/** A name that a test can give, and all that it stands for. */
export interface Named {
  text: string;
  parties: readonly Party[];
}

/** Whether a rule that names this endpoint is for the party: in words of the model, never by what the policy calls it. */
export function standsFor(endpoint: Endpoint, party: Party): boolean {
  switch (endpoint.kind) {
    case 'group':
      return party.kind === 'person' && party.groups.has(endpoint.name);
    case 'tool':
      return false;
    case 'members-of-site':
      return party.kind === 'member' && party.member.site === endpoint.site;
    case 'routers-of-site':
      return party.kind === 'member' && party.member.router && party.member.site === endpoint.site;
    case 'member':
      return party.kind === 'member' && party.member.name === endpoint.name;
    case 'members-with-role':
      return (
        party.kind === 'member' &&
        (endpoint.role === 'router' ? party.member.router : party.member.roles.includes(endpoint.role))
      );
    case 'lan-host':
      return party.kind === 'lan-host' && party.host.name === endpoint.name;
    case 'lan':
      return party.kind === 'lan-host' && party.host.site === endpoint.site;
  }
}

/** Which rules lead from one name to another. Parties that the same rules are for are looked at once, so that a tag of 1,000 nodes is few. */
export class Reach {
  readonly #rules: readonly AccessRule[];
  readonly #known = new Map<string, number[][]>();
  readonly #between = new Map<string, AccessRule[]>();
  readonly #given = new Map<AccessRule[], PortSet>();

  constructor(rules: readonly AccessRule[]) {
    this.#rules = rules;
  }

  /** The rules for each pair of the two, one list for each kind of pair. */
  kinds(source: Named, target: Named): AccessRule[][] {
    return this.#numbers(source, 'sources').flatMap((from) =>
      this.#numbers(target, 'targets').map((to) => {
        const key = `${from.join()} ${to.join()}`;
        const known = this.#between.get(key) ?? this.#at(from.filter((at) => to.includes(at)));
        this.#between.set(key, known);
        return known;
      }),
    );
  }

  /** The ports that each kind of pair gets. */
  ports(source: Named, target: Named): PortSet[] {
    return this.kinds(source, target).map((rules) => {
      const known = this.#given.get(rules) ?? portSet(rules.flatMap(({ ports }) => ports));
      this.#given.set(rules, known);
      return known;
    });
  }

  /** Rules that lead to one of them. */
  rulesTo(target: Named): AccessRule[] {
    return this.#at([...new Set(this.#numbers(target, 'targets').flat())]);
  }

  #at(numbers: readonly number[]): AccessRule[] {
    return numbers.flatMap((at) => this.#rules[at] ?? []);
  }

  /** Which rules are for one of them, by number: one list for each kind of party among them. */
  #numbers(named: Named, side: 'sources' | 'targets'): number[][] {
    const cached = this.#known.get(`${side} ${named.text}`);
    if (cached !== undefined) return cached;
    const lists = new Map<string, number[]>();
    for (const party of named.parties) {
      const list = this.#rules.flatMap((rule, at) =>
        rule[side].some((endpoint) => standsFor(endpoint, party)) ? [at] : [],
      );
      lists.set(list.join(), list);
    }
    const kinds = [...lists.values()];
    this.#known.set(`${side} ${named.text}`, kinds);
    return kinds;
  }
}
