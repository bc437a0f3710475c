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
  const same = ({ ports, family, conditional, rules, notes }: AccessChange): string =>
    JSON.stringify([ports, family, conditional, rules, notes]);
  const keys = (of: Entity[] | 'own'): string => (of === 'own' ? of : of.map(({ key }) => key).join('|'));
  const fresh = (one: AccessChange, other: AccessChange): string[] => [...new Set([...one.fresh, ...other.fresh])];
  const merged = new Map<string, AccessChange>();
  for (const change of changes) {
    const key = `${keys(change.from)} ${same(change)} ${change.to === 'own'}`;
    const known = merged.get(key);
    if (known === undefined) merged.set(key, change);
    else if (known.to !== 'own' && change.to !== 'own')
      merged.set(key, { ...known, to: [...known.to, ...change.to], fresh: fresh(known, change) });
  }
  const byTargets = new Map<string, AccessChange>();
  for (const change of merged.values()) {
    const key = `${keys(change.to)} ${same(change)}`;
    const known = byTargets.get(key);
    byTargets.set(
      key,
      known === undefined ? change : { ...known, from: [...known.from, ...change.from], fresh: fresh(known, change) },
    );
  }
  return [...byTargets.values()];
}
