import type { RuleShare } from './matrix.ts';
import type { Family } from './ranges.ts';
import type { Entity } from './universe.ts';

/** Something that one may do in one revision and not in the other. */
export interface AccessChange {
  from: Entity[];
  /** `own`: the devices of whoever asks. */
  to: Entity[] | 'own';
  /** As in the matrix. */
  ports: string[];
  /** Where only one family of addresses is concerned, although both have the other. */
  family?: Family;
  /** What must hold for it. */
  conditional?: string;
  /** Rules that give it: of the revision that has it. */
  rules: Omit<RuleShare, 'ports'>[];
  /** Groups that the sources have joined or left, and that is why. */
  joined: string[];
  /** `now in group:sre`, `no longer only devices with …`. */
  notes: string[];
  /** Hosts among the two ends that only the revision with the permission has. */
  fresh: string[];
}

/** Changes that differ in their targets only become one, then those that differ in their sources only. */
export function grouped(changes: readonly AccessChange[]): AccessChange[] {
  const own = changes.filter(({ to }) => to === 'own');
  const others = changes.flatMap((one) => (one.to === 'own' ? [] : [{ ...one, to: one.to }]));
  const bySources = merged(
    others,
    ({ from }) => from,
    (one, other) => ({ ...one, to: [...one.to, ...other.to] }),
  );
  return merged<AccessChange>(
    [...own, ...bySources],
    ({ to }) => to,
    (one, other) => ({ ...one, from: [...one.from, ...other.from] }),
  );
}

function merged<T extends AccessChange>(
  changes: readonly T[],
  end: (one: T) => Entity[] | 'own',
  join: (one: T, other: T) => T,
): T[] {
  const key = (one: T): string => {
    const { ports, family, conditional, rules, notes } = one;
    const all = end(one);
    return JSON.stringify([
      all === 'own' ? all : all.map((entity) => entity.key),
      ports,
      family,
      conditional,
      rules,
      notes,
    ]);
  };
  return [...Map.groupBy(changes, key).values()].map((same) =>
    same.reduce((one, other) => ({ ...join(one, other), fresh: [...new Set([...one.fresh, ...other.fresh])] })),
  );
}
