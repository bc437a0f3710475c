import { Once } from './once.ts';
import { partsOf, permission, type Part, type Permission, type Share } from './permission.ts';
import type { Family } from './ranges.ts';
import { Side, type Face } from './side.ts';
import type { Selector } from './types.ts';
import type { Entity, Revision } from './universe.ts';

/** Faces that the same rules are for: indistinguishable on their side of a connection. */
interface FaceClass {
  /** For the order. */
  at: number;
  family: Family;
  /** Rules that are for them; `maybe`: as far as anybody knows. */
  ways: { way: Way; maybe: boolean }[];
}

/** Entities that nothing tells apart; as sources, or as targets. */
export interface EntityClass {
  /** In the order of their first entities. */
  at: number;
  entities: Entity[];
  faces: readonly FaceClass[];
}

/** A rule, and where it leads to in each family. */
interface Way extends Record<Family, Leading> {
  part: Part;
  /** To the devices of whoever asks. */
  own: boolean;
}

interface Leading {
  targets: { target: EntityClass; maybe: boolean }[];
  /** What it gives: for certain, and if an address turns out to be right. */
  certain: Share;
  doubtful: Share;
}

/** Class of targets → what a source may do to it; and to the devices of its own owner. */
export interface Reach {
  targets: ReadonlyMap<EntityClass, Permission>;
  own: Permission;
}

/**
 * One revision, evaluated. Entities fall into classes by the rules that are for them, and rules are applied to classes: what it costs
 * grows with the pairs of classes that some rule joins, not with hosts times hosts times rules.
 */
export class Evaluation {
  readonly parts: Part[];
  readonly side: Side;
  /** In the order of entities. */
  readonly sources: EntityClass[];
  /** Entity → its class as a source; none where this world does not have it. */
  readonly sourceOf: ReadonlyMap<Entity, EntityClass>;
  readonly targetOf: ReadonlyMap<Entity, EntityClass>;
  readonly #known = new Step();

  constructor(entities: readonly Entity[], { policy, world }: Revision) {
    this.parts = partsOf(policy);
    this.side = new Side(entities, world);
    const ways = this.parts.map((part): Way => {
      return { part, own: part.rule.dst.some(isSelf), 4: leading(part, 4), 6: leading(part, 6) };
    });
    this.sourceOf = entityClasses(this.side, faceClasses(this.side, ways, 'src'));
    this.targetOf = entityClasses(this.side, faceClasses(this.side, ways, 'dst'));
    this.sources = [...new Set(this.sourceOf.values())];
    for (const target of new Set(this.targetOf.values()))
      for (const { family, ways: some } of target.faces)
        for (const { way, maybe } of some) way[family].targets.push({ target, maybe });
  }

  /** What a class of sources may do; nothing without one. */
  reach(source: EntityClass | undefined): Reach {
    const { targets: to, own } = shares(source);
    const targets = new Map<EntityClass, Permission>();
    for (const [target, some] of to) targets.set(target, this.#permission(some));
    return { targets, own: this.#permission(own) };
  }

  /** What somebody may do to devices of their own: by rules that say so, and by those that name them on both sides. */
  toOwn(one: Entity): Permission {
    const { targets, own } = shares(this.sourceOf.get(one));
    const self = this.targetOf.get(one);
    return this.#permission([...own, ...[...targets].flatMap(([target, some]) => (target === self ? some : []))]);
  }

  /** The same shares give the same object, found share by share: most pairs are joined by one rule, in one family or in both. */
  #permission(shares: readonly Share[]): Permission {
    let step = this.#known;
    for (const share of shares) step = step.next.of(share, newStep);
    return (step.permission ??= permission(shares, this.parts));
  }
}

/** What some shares give, and where one share more leads to. */
class Step {
  readonly next = new Once<Share, Step>();
  permission?: Permission;
}

const newStep = (): Step => new Step();

function leading({ at }: Part, family: Family): Leading {
  const share = { part: at, family };
  return { targets: [], certain: { ...share, maybe: false }, doubtful: { ...share, maybe: true } };
}

/** What a class of sources may do, by class of targets, and to the devices of its own owner. */
function shares(source: EntityClass | undefined): { targets: Map<EntityClass, Share[]>; own: Share[] } {
  const to = new Map<EntityClass, Share[]>();
  const own: Share[] = [];
  for (const { family, ways } of source?.faces ?? [])
    for (const { way, maybe } of ways) {
      const { targets, certain, doubtful } = way[family];
      if (way.own) own.push(maybe ? doubtful : certain);
      for (const one of targets) {
        const share = maybe || one.maybe ? doubtful : certain;
        const known = to.get(one.target);
        if (known) known.push(share);
        else to.set(one.target, [share]);
      }
    }
  return { targets: to, own };
}

export const isSelf = (one: Selector): boolean => one.text === 'autogroup:self';

/** Face → its class; none where no rule is for it. */
function faceClasses(side: Side, ways: readonly Way[], end: 'src' | 'dst'): Map<Face, FaceClass> {
  const found = new Once<Face, Concerned>();
  for (const way of ways) {
    const { rule, kind } = way.part;
    const logins = kind === 'ssh' && end === 'dst';
    const put = (face: Face, list: 'certain' | 'possible'): void => {
      if (logins && face.ssh === false) return;
      const all = found.of(face, unconcerned)[list];
      if (all.at(-1) !== way) all.push(way);
    };
    for (const selector of rule[end]) {
      const { sure, maybe } = side.select(selector, end);
      for (const face of sure) put(face, 'certain');
      for (const face of maybe) put(face, 'possible');
    }
  }
  const classes = new Once<string, FaceClass>();
  const of = new Map<Face, FaceClass>();
  for (const { face, certain, possible } of found.all()) {
    const left = possible.filter((way) => !certain.includes(way));
    const key = `${face.family} ${numbers(certain)} ${numbers(left)}`;
    const make = (): FaceClass => {
      const ways = [...certain.map((way) => ({ way, maybe: false })), ...left.map((way) => ({ way, maybe: true }))];
      return { at: classes.size, family: face.family, ways };
    };
    of.set(face, classes.of(key, make));
  }
  return of;
}

/** A face, and the rules that are for it. */
interface Concerned {
  face: Face;
  certain: Way[];
  possible: Way[];
}

const unconcerned = (face: Face): Concerned => ({ face, certain: [], possible: [] });

const numbers = (ways: readonly Way[]): string => ways.map(({ part }) => part.at).join();

/** Entity → its class; no faces where no rule is for it. */
function entityClasses(side: Side, of: ReadonlyMap<Face, FaceClass>): Map<Entity, EntityClass> {
  const classes = new Once<string, EntityClass>();
  const found = new Map<Entity, EntityClass>();
  for (const [entity, all] of side.faces) {
    const faces = [...new Set(all.flatMap((face) => of.get(face) ?? []))].sort((a, b) => a.at - b.at);
    const key = faces.map(({ at }) => at).join();
    const one = classes.of(key, () => ({ at: classes.size, entities: [], faces }));
    one.entities.push(entity);
    found.set(entity, one);
  }
  return found;
}
