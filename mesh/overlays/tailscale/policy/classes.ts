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
  readonly #reached = new Map<number, Reach>();
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
    const known = this.#reached.get(source) ?? this.#reach(source);
    this.#reached.set(source, known);
    return known;
  }

  #reach(source: number): Reach {
    const shares = new Map<number, Share[]>();
    const own: Share[] = [];
    const push = (target: number, share: Share): void => {
      const known = shares.get(target);
      if (known) known.push(share);
      else shares.set(target, [share]);
    };
    for (const face of this.sources[source]?.faces ?? []) {
      const one = this.#sourceFaces[face];
      if (one === undefined) continue;
      const { family } = one;
      for (const [parts, doubtful] of [
        [one.sure, false],
        [one.maybe, true],
      ] as const) {
        // prettier-ignore
        for (const part of parts) {
          const to = this.#byTarget[family === 4 ? 0 : 1]?.[part];
          for (const target of to?.sure ?? []) push(target, { part, family, maybe: doubtful });
          for (const target of to?.maybe ?? []) push(target, { part, family, maybe: true });
          if (this.#self.has(part)) own.push({ part, family, maybe: doubtful });
        }
      }
    }
    return {
      targets: new Map([...shares].map(([target, list]) => [target, this.permission(list)])),
      ...(own.length > 0 && { own: this.permission(own) }),
    };
  }

  /** The same shares give the same object; so do different rules that permit the same. */
  permission(shares: readonly Share[]): Permission {
    const key = shares.map(({ part, family, maybe }) => `${part}.${family}${maybe ? '?' : ''}`).join();
    let known = this.#permissions.get(key);
    if (known === undefined) {
      known = permission(shares, this.parts);
      const same = `${known.content} ${known.parts.join()}`;
      known = this.#contents.get(same) ?? known;
      this.#contents.set(same, known);
      this.#permissions.set(key, known);
    }
    return known;
  }
}

export const isSelf = (one: Selector): boolean => one.kind === 'autogroup' && one.name === 'self';

/** Face → index of its class, or undefined where no rule is for it. */
function faceClasses(side: Side, parts: readonly Part[], end: 'src' | 'dst') {
  const sure: number[][] = side.faces.map(() => []);
  const maybe: number[][] = side.faces.map(() => []);
  for (const { rule, at } of parts) {
    for (const selector of rule[end]) {
      const selected = side.select(selector, end);
      for (const [lists, faces] of [
        [sure, selected.sure],
        [maybe, selected.maybe],
      ] as const) {
        // prettier-ignore
        for (const face of faces) {
          const list = lists[face];
          if (list !== undefined && list.at(-1) !== at) list.push(at);
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
