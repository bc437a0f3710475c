import { overlap, type Range } from './ranges.ts';
import type { Face, Side } from './side.ts';
import { ANY_TAGGED, rangesOf, type Entity, type Revision } from './universe.ts';

/** A name in a question that nobody and nothing has. */
export class Unknown extends Error {
  readonly asked: string;
  readonly known: readonly string[];
  constructor(asked: string, known: readonly string[]) {
    super(`nobody and nothing here is called ${JSON.stringify(asked)}`);
    this.name = 'Unknown';
    this.asked = asked;
    this.known = known;
  }
}

/** One of those that a name in a question stands for. */
export interface Party {
  label: string;
  entity: Entity;
  faces: readonly Face[];
}

/** Finds who is meant by a name in a question. */
export class Parties {
  readonly #side: Side;
  readonly #revision: Revision;

  constructor(side: Side, revision: Revision) {
    this.#side = side;
    this.#revision = revision;
  }

  /** Whoever a name stands for; nobody for a group of nobody. @throws Unknown */
  named(text: string): Party[] {
    const { policy, world } = this.#revision;
    const named = this.#where(({ name }) => name === text);
    if (named.length > 0) return named;
    const group = policy.groups.get(text);
    if (group !== undefined) return group.flatMap((login) => this.#where(({ name }) => name === login));
    const carriers = new Set(world.nodes.filter(({ tags }) => tags.includes(text)).map(({ name }) => `node ${name}`));
    const tagged = this.#where(({ key }) => carriers.has(key));
    if (tagged.length > 0) return tagged;
    // No node carries it and no rule names it: who will is like any other tagged node.
    if (policy.tagOwners.has(text))
      return this.#where(({ key }) => key === ANY_TAGGED).map((one) => ({ ...one, label: text }));
    const lans = world.lans.filter(({ site }) => text === `LAN of ${site}`);
    const placed = this.#at(policy.hosts.get(text) ?? rangesOf([text, ...lans.flatMap(({ cidrs }) => cidrs)]));
    if (placed.length > 0) return placed;
    throw new Unknown(text, this.names());
  }

  /** Every name that a question may use; addresses besides. */
  names(): string[] {
    const { policy, world } = this.#revision;
    return [
      ...[...this.#side.faces.keys()].flatMap(({ name }) => name ?? []),
      ...policy.groups.keys(),
      ...policy.tagOwners.keys(),
      ...policy.hosts.keys(),
      ...world.lans.map(({ site }) => `LAN of ${site}`),
    ];
  }

  #where(wanted: (one: Entity) => boolean): Party[] {
    return [...this.#side.faces].flatMap(([entity, faces]) =>
      wanted(entity) ? [{ label: entity.label, entity, faces }] : [],
    );
  }

  /** Who has one of these addresses, and what else lies there. */
  #at(ranges: readonly Range[]): Party[] {
    const inside = ({ addresses }: Face): boolean =>
      addresses.some((one) => ranges.some((range) => overlap(one, range)));
    const found = this.#where(() => true).flatMap((party) => {
      const faces = party.faces.filter(inside);
      return faces.length === 0 ? [] : [{ ...party, faces }];
    });
    // Whoever has a single address is all that it stands for, also where a rule names a prefix around it.
    const holders = found.filter(({ entity }) => entity.kind !== 'addresses');
    return holders.length > 0 && ranges.every(([first, last]) => first === last) ? holders : found;
  }
}
