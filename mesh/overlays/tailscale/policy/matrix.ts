import type { EntityClass, Evaluation } from './classes.ts';
import { given, told, type Part, type Permission } from './permission.ts';
import { portSet, portTexts, type PortSet } from '../../../access/ports.ts';
import type { Entity } from './universe.ts';

/** What a class of sources may do to a class of targets: everybody in the one alike to everything in the other. */
export interface MatrixRow {
  from: Entity[];
  /** `own`: the devices of whoever asks. */
  to: Entity[] | 'own';
  /** `tcp/443`, `udp/*`, `icmp/*`, `*` for all of tcp and udp, `ssh as ops`. A ping is part of everything and told only alone. */
  ports: string[];
  /** Where the two families differ, what each one has. */
  family?: 4 | 6;
  /** What must hold for it; absent where nothing is asked. */
  conditional?: string;
  /** Rules that it comes from, `grants[3]`, each with what it gives of the ports. */
  rules: RuleShare[];
}

export interface RuleShare {
  path: string;
  why: string;
  /** Selectors, as written. */
  src: string[];
  dst: string[];
  ports: string[];
}

/** Sources in the order of entities, then targets. What is not in a row is denied. */
export function matrix(entities: readonly Entity[], evaluation: Evaluation): MatrixRow[] {
  const named = (indexes: readonly number[]): Entity[] => indexes.flatMap((index) => entities[index] ?? []);
  const ends = (classes: readonly EntityClass[]): End[] =>
    classes.map(({ entities: all }) => ({ all: named(all), six: hasBoth(evaluation, all), first: all[0] ?? 0 }));
  const [sources, targets] = [ends(evaluation.sources), ends(evaluation.targets)];
  const known = [new Map<Permission, Told[]>(), new Map<Permission, Told[]>()] as const;
  const tell = (permission: Permission, both: boolean): Told[] => {
    const cache = known[both ? 1 : 0];
    const told = cache.get(permission) ?? levels(permission, evaluation.parts, both);
    cache.set(permission, told);
    return told;
  };
  const order = [...sources.entries()].sort(([, a], [, b]) => a.first - b.first);
  return order.flatMap(([index, { all: from, six }]) => {
    const { targets: reached, own } = evaluation.reach(index);
    const rows = [...reached]
      .flatMap(([target, permission]) => ({ to: targets[target], permission }))
      .sort((a, b) => (a.to?.first ?? 0) - (b.to?.first ?? 0))
      .flatMap(({ to, permission }) => {
        if (to === undefined || (from.length === 1 && to.all.length === 1 && isItself(from[0], to.all[0]))) return [];
        return tell(permission, six && to.six).map((level) => ({ from, to: to.all, ...level }));
      });
    return own === undefined
      ? rows
      : [...rows, ...tell(own, true).map((level) => ({ from, to: 'own' as const, ...level }))];
  });
}

/** A class on a side of the matrix. */
interface End {
  all: Entity[];
  /** Whether somebody in it has addresses of both families. */
  six: boolean;
  /** Index of the first, for the order. */
  first: number;
}

const hasBoth = ({ side }: Evaluation, all: readonly number[]): boolean =>
  all.some((entity) => new Set((side.of[entity] ?? []).map((face) => side.faces[face]?.family)).size > 1);

type Told = Pick<MatrixRow, 'ports' | 'family' | 'conditional' | 'rules'>;

/** A host reaches itself without anybody's permission; a person's devices are several. */
const isItself = (from: Entity | undefined, to: Entity | undefined): boolean =>
  from?.key === to?.key && from?.kind !== 'person' && from?.kind !== 'others';

/** @param both whether the two can speak to each other in both families */
function levels({ levels: all }: Permission, parts: readonly Part[], both: boolean): Told[] {
  return all.flatMap(({ condition, ports, parts: giving }): Told[] => {
    const conditional = condition === '' ? {} : { conditional: condition };
    const [four, six] = [portTexts(ports[4]), portTexts(ports[6])];
    if (!both || four.join() === six.join()) {
      const set = portSet([...four, ...six]);
      return [{ ports: told(set), ...conditional, rules: rulesOf([...giving[4], ...giving[6]], parts, set) }];
    }
    return ([4, 6] as const)
      .filter((family) => ports[family].size > 0)
      .map((family) => {
        const rules = rulesOf(giving[family], parts, ports[family]);
        return { ports: told(ports[family]), family, ...conditional, rules };
      });
  });
}

/** Rules that only let a ping through are none of those that open a port. */
function rulesOf(giving: readonly number[], parts: readonly Part[], ports: PortSet): MatrixRow['rules'] {
  const onlyPing = [...ports.keys()].every((protocol) => protocol === 'icmp');
  const rules = new Map<string, Omit<RuleShare, 'ports'> & { texts: string[] }>();
  for (const index of new Set(giving)) {
    const part = parts[index];
    if (part === undefined) continue;
    const texts = portTexts(given(part)).filter((text) => onlyPing || text !== 'icmp/*');
    if (texts.length === 0) continue;
    const { path, why, src, dst } = part.rule;
    const known = rules.get(path);
    rules.set(path, {
      path,
      why,
      src: src.map(({ text }) => text),
      dst: [...(known?.dst ?? []), ...dst.map(({ text }) => text)],
      texts: [...(known?.texts ?? []), ...texts],
    });
  }
  return [...rules.values()].map(({ texts, ...rule }) => ({ ...rule, ports: told(portSet(texts)) }));
}
