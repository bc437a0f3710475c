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

/** What rules give between names. Parties that the same rules are for are looked at once, so that a tag of 1,000 nodes is few. */
export class Reach {
  readonly #rules: readonly AccessRule[];
  readonly #given = new Map<string, PortSet>();
  readonly #known = new Map<string, number[][]>();

  constructor(rules: readonly AccessRule[]) {
    this.#rules = rules;
  }

  /** What each pair of the two gets, one port set for each kind of pair. */
  between(source: Named, target: Named): PortSet[] {
    return this.#kinds(source, 'sources').flatMap((from) =>
      this.#kinds(target, 'targets').map((to) => {
        const key = `${from.join()} ${to.join()}`;
        const known = this.#given.get(key);
        if (known !== undefined) return known;
        const ports = portSet(from.filter((at) => to.includes(at)).flatMap((at) => this.#rules[at]?.ports ?? []));
        this.#given.set(key, ports);
        return ports;
      }),
    );
  }

  /** Ports of the rules that lead to one of them. */
  portsTo(target: Named): string[] {
    const rules = new Set(this.#kinds(target, 'targets').flat());
    return [...rules].flatMap((at) => this.#rules[at]?.ports ?? []);
  }

  /** Which rules are for one of them, by number: one list for each kind of party among them. */
  #kinds(named: Named, side: 'sources' | 'targets'): number[][] {
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
