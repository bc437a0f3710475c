import type { EntityClass, Evaluation } from './classes.ts';
import { Once } from './once.ts';
import { given, told, type Part, type Permission } from './permission.ts';
import { portSet, portTexts, type PortSet } from '../../../access/ports.ts';
import { isMany, type Entity } from './universe.ts';

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
export function matrix(evaluation: Evaluation): MatrixRow[] {
  const { sources, side, parts } = evaluation;
  const both = new Once<EntityClass, boolean>();
  const inBoth = (one: EntityClass): boolean => both.of(one, () => side.hasBoth(one.entities));
  const [apart, together] = [new Once<Permission, Told[]>(), new Once<Permission, Told[]>()];
  const tell = (permission: Permission, six: boolean): Told[] =>
    (six ? apart : together).of(permission, () => levels(permission, parts, six));
  return sources.flatMap((source) => {
    const { targets, own } = evaluation.reach(source);
    const from = source.entities;
    const rows = [...targets]
      .sort(([a], [b]) => a.at - b.at)
      .flatMap(([target, permission]) => {
        const to = target.entities;
        const alone = onlyOne(from, to);
        // A host reaches itself without anybody's permission.
        if (alone !== undefined && !isMany(alone)) return [];
        return tell(permission, inBoth(source) && inBoth(target)).map((level) => ({ from, to, ...level }));
      });
    const owners = from.filter((one) => side.hasOwner(one));
    if (owners.length === 0) return rows;
    return [...rows, ...tell(own, inBoth(source)).map((level) => ({ from: owners, to: 'own' as const, ...level }))];
  });
}

/** Who is all of both sides. */
export const onlyOne = (
  [one, ...more]: readonly Entity[],
  [other, ...others]: readonly Entity[],
): Entity | undefined => (one === other && more.length === 0 && others.length === 0 ? one : undefined);

type Told = Pick<MatrixRow, 'ports' | 'family' | 'conditional' | 'rules'>;

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
  for (const part of partsAt(parts, giving)) {
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

/** @param indexes as permissions name their parts */
export const partsAt = (parts: readonly Part[], indexes: readonly number[]): Part[] =>
  [...new Set(indexes)].flatMap((index) => parts.slice(index, index + 1));
