import type { Evaluation } from './classes.ts';
import { familyOf, overlap, type Family, type Range } from './ranges.ts';
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
  faces: readonly number[];
  /** A person has several devices, a LAN several hosts. */
  several: boolean;
}

/** Finds who is meant by a name in a question. */
export class Parties {
  readonly #entities: readonly Entity[];
  readonly #evaluation: Evaluation;
  readonly #revision: Revision;

  constructor(entities: readonly Entity[], evaluation: Evaluation, revision: Revision) {
    this.#entities = entities;
    this.#evaluation = evaluation;
    this.#revision = revision;
  }

  /** Whoever a name stands for. @throws Unknown */
  named(text: string): Party[] {
    const { policy, world } = this.#revision;
    const named = this.#where((one) => nameOf(one) === text);
    if (named.length > 0) return named;
    const group = policy.groups.get(text);
    if (group !== undefined) return this.#where((one) => one.kind === 'person' && group.includes(one.login));
    if (text.startsWith('tag:')) {
      const carriers = new Set(world.nodes.filter(({ tags }) => tags.includes(text)).map(({ name }) => name));
      const tagged = this.#where(
        (one) => (one.kind === 'node' && carriers.has(one.name)) || (one.kind === 'others' && one.tag === text),
      );
      if (tagged.length > 0) return tagged;
      // No node carries it and no rule names it: who will is like any other tagged node.
      if (policy.tagOwners.has(text))
        return this.#where((one) => one.kind === 'others' && one.key === ANY_TAGGED).map((one) => ({
          ...one,
          label: text,
        }));
    }
    const site = /^LAN of (.+)$/.exec(text)?.[1];
    const ranges =
      policy.hosts.get(text) ??
      (site === undefined
        ? rangesOf([text])
        : rangesOf(world.lans.flatMap((lan) => (lan.site === site ? lan.cidrs : []))));
    const placed = this.#at(ranges);
    if (placed.length > 0) return placed;
    throw new Unknown(text, this.names());
  }

  /** Every name that a question may use; addresses besides. */
  names(): string[] {
    const { policy, world } = this.#revision;
    return [
      ...this.#entities.flatMap((one) => nameOf(one) ?? []),
      ...policy.groups.keys(),
      ...policy.tagOwners.keys(),
      ...policy.hosts.keys(),
      ...world.lans.map(({ site }) => `LAN of ${site}`),
    ];
  }

  #where(wanted: (one: Entity) => boolean): Party[] {
    const { of } = this.#evaluation.side;
    return this.#entities.flatMap((one, index) => {
      const faces = of[index] ?? [];
      return faces.length > 0 && wanted(one) ? [{ label: one.label, faces, several: isSeveral(one) }] : [];
    });
  }

  #at(ranges: readonly Range[]): Party[] {
    if (ranges.length === 0) return [];
    const inside = (texts: readonly string[], family: Family): boolean =>
      rangesOf(texts).some((one) => ranges.some((range) => overlap(one, range)) && familyOf(one[0]) === family);
    const { of, faces } = this.#evaluation.side;
    const { nodes, lanHosts } = this.#revision.world;
    const addresses = new Map([...nodes, ...lanHosts].map((one) => [one.name, one.addresses]));
    const found = this.#entities.flatMap((one, index) => {
      const own = (of[index] ?? []).filter((face) => {
        const family = faces[face]?.family ?? 4;
        if (one.kind === 'addresses') return ranges.some((range) => overlap(range, one.range));
        return (one.kind === 'node' || one.kind === 'lan-host') && inside(addresses.get(one.name) ?? [], family);
      });
      return own.length === 0
        ? []
        : [{ label: one.label, faces: own, several: isSeveral(one), holds: one.kind !== 'addresses' }];
    });
    // Whoever has a single address is all that it stands for, also where a rule names a prefix around it.
    const single = ranges.every(([first, last]) => first === last) && found.some(({ holds }) => holds);
    return found.flatMap(({ holds, ...party }) => (single && !holds ? [] : [party]));
  }
}

function nameOf(one: Entity): string | undefined {
  switch (one.kind) {
    case 'node':
    case 'lan-host':
    case 'service':
      return one.name;
    case 'person':
      return one.login;
    case 'others':
      return one.tag ?? (one.role === undefined ? undefined : `autogroup:${one.role}`);
    case 'addresses':
      return undefined;
  }
}

const isSeveral = ({ kind }: Entity): boolean => !['node', 'lan-host', 'service'].includes(kind);
