import { partsOf, permission, type Part, type Permission, type Share } from './permission.ts';
import { Side } from './side.ts';
import type { Selector } from './types.ts';
import type { Entity, Revision } from './universe.ts';

/** Faces that the same rules are for: indistinguishable on their side of a connection. */
interface FaceClass {
  family: 4 | 6;
  sure: readonly number[];
  maybe: readonly number[];
}

/** Entities that nothing tells apart, by index; as sources, or as targets. */
export interface EntityClass {
  entities: number[];
  faces: readonly number[];
}

/** Class of targets → what a source may do to it; and to the devices of its own owner. */
export interface Reach {
  targets: ReadonlyMap<number, Permission>;
  own?: Permission;
}

/**
 * One revision, evaluated. Entities fall into classes by the rules that are for them, and rules are applied to classes: what it costs
 * grows with the pairs of classes that some rule joins, not with hosts times hosts times rules.
 */
export class Evaluation {
  readonly parts: Part[];
  readonly side: Side;
  readonly sources: EntityClass[];
  readonly targets: EntityClass[];
  /** Entity → its class as a source; undefined where no rule is for it. */
  readonly sourceOf: (number | undefined)[];
  readonly targetOf: (number | undefined)[];
  readonly #sourceFaces: FaceClass[];
  readonly #byTarget: { sure: number[]; maybe: number[] }[][];
  readonly #self: ReadonlySet<number>;
  readonly #simple = new Map<number, Permission>();
  readonly #permissions = new Map<string, Permission>();
  readonly #contents = new Map<string, Permission>();

  constructor(entities: readonly Entity[], { policy, world }: Revision) {
    this.parts = partsOf(policy);
    this.side = new Side(entities, world);
    this.#self = new Set(this.parts.flatMap(({ rule, at }) => (rule.dst.some(isSelf) ? [at] : [])));
    const sources = faceClasses(this.side, this.parts, 'src');
    const targets = faceClasses(this.side, this.parts, 'dst');
    this.#sourceFaces = sources.classes;
    const from = entityClasses(this.side, sources.of);
    const to = entityClasses(this.side, targets.of);
    [this.sources, this.sourceOf] = [from.classes, from.of];
    [this.targets, this.targetOf] = [to.classes, to.of];
    // For each family and part: the classes of targets that it leads to.
    this.#byTarget = [4, 6].map(() => this.parts.map(() => ({ sure: [], maybe: [] })));
    for (const [index, { faces }] of this.targets.entries()) {
      for (const face of faces) {
        const one = targets.classes[face];
        const byPart = this.#byTarget[one?.family === 6 ? 1 : 0];
        for (const part of one?.sure ?? []) byPart?.[part]?.sure.push(index);
        for (const part of one?.maybe ?? []) byPart?.[part]?.maybe.push(index);
      }
    }
  }

  /** What a class of sources may do. */
  reach(source: number): Reach {
    const shares = new Map<number, number[]>();
    const own: number[] = [];
    const push = (target: number, share: number): void => {
      const known = shares.get(target);
      if (known) known.push(share);
      else shares.set(target, [share]);
    };
    for (const face of this.sources[source]?.faces ?? []) {
      const one = this.#sourceFaces[face];
      if (one === undefined) continue;
      const six = one.family === 6 ? SIX : 0;
      for (const [parts, doubt] of [
        [one.sure, 0],
        [one.maybe, MAYBE],
      ] as const) {
        for (const part of parts) {
          const share = part * PER_PART + six;
          const to = this.#byTarget[six === 0 ? 0 : 1]?.[part];
          for (const target of to?.sure ?? []) push(target, share + doubt);
          for (const target of to?.maybe ?? []) push(target, share + MAYBE);
          if (this.#self.has(part)) own.push(share + doubt);
        }
      }
    }
    const targets = new Map<number, Permission>();
    for (const [target, list] of shares) targets.set(target, this.#permission(list));
    return { targets, ...(own.length > 0 && { own: this.#permission(own) }) };
  }

  /**
   * The same shares give the same object; so do different rules that permit the same. Most pairs are joined by one rule, in one family or
   * in both: these are found by number, without a text being made.
   */
  #permission(shares: readonly number[]): Permission {
    const [first = 0, second = first] = shares;
    if (shares.length <= 2) {
      const key = first * 2 ** 26 + second;
      const known = this.#simple.get(key) ?? this.#interned(shares);
      this.#simple.set(key, known);
      return known;
    }
    const key = shares.join();
    const known = this.#permissions.get(key) ?? this.#interned(shares);
    this.#permissions.set(key, known);
    return known;
  }

  #interned(shares: readonly number[]): Permission {
    const found = permission(
      shares.map((share): Share => {
        const kind = share % PER_PART;
        return { part: Math.floor(share / PER_PART), family: (kind & SIX) === 0 ? 4 : 6, maybe: (kind & MAYBE) !== 0 };
      }),
      this.parts,
    );
    const same = `${found.content} ${found.parts.join()}`;
    const known = this.#contents.get(same) ?? found;
    this.#contents.set(same, known);
    return known;
  }
}

/** A share as one number: which part, in which family, and whether that is certain. */
const MAYBE = 1;
const SIX = 2;
const PER_PART = 4;

export const isSelf = (one: Selector): boolean => one.kind === 'autogroup' && one.name === 'self';

/** Face → index of its class, or undefined where no rule is for it. */
function faceClasses(side: Side, parts: readonly Part[], end: 'src' | 'dst') {
  const sure: number[][] = side.faces.map(() => []);
  const maybe: number[][] = side.faces.map(() => []);
  for (const { rule, at, kind } of parts) {
    const logins = kind === 'ssh' && end === 'dst';
    for (const selector of rule[end]) {
      const selected = side.select(selector, end);
      for (const [lists, faces] of [
        [sure, selected.sure],
        [maybe, selected.maybe],
      ] as const) {
        for (const face of faces) {
          const list = lists[face];
          if (list === undefined || list.at(-1) === at || (logins && side.faces[face]?.silent === true)) continue;
          list.push(at);
        }
      }
    }
  }
  const classes: FaceClass[] = [];
  const byKey = new Map<string, number>();
  const of = side.faces.map(({ family }, face): number | undefined => {
    const [certain, doubtful] = [sure[face] ?? [], maybe[face] ?? []];
    if (certain.length + doubtful.length === 0) return undefined;
    const left = doubtful.length === 0 ? doubtful : doubtful.filter((part) => !certain.includes(part));
    const key = `${family} ${certain.join()}|${left.join()}`;
    const known = byKey.get(key);
    if (known !== undefined) return known;
    byKey.set(key, classes.length);
    return classes.push({ family, sure: certain, maybe: left }) - 1;
  });
  return { classes, of };
}

function entityClasses(side: Side, of: readonly (number | undefined)[]) {
  const classes: EntityClass[] = [];
  const byKey = new Map<string, number>();
  const classOf = side.of.map((faces, entity): number | undefined => {
    const kinds = [...new Set(faces.flatMap((face) => of[face] ?? []))].sort((a, b) => a - b);
    if (kinds.length === 0) return undefined;
    const key = kinds.join();
    const known = byKey.get(key);
    const index = known ?? classes.push({ entities: [], faces: kinds }) - 1;
    byKey.set(key, index);
    classes[index]?.entities.push(entity);
    return index;
  });
  return { classes, of: classOf };
}
