import type { Evaluation } from './classes.ts';
import { told, type Permission } from './permission.ts';
import { portSet, portTexts } from '../../../access/ports.ts';
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
  /** Rules that it comes from: `grants[3]`. */
  rules: { path: string; why: string }[];
}

/** Sources in the order of entities, then targets. What is not in a row is denied. */
export function matrix(entities: readonly Entity[], evaluation: Evaluation): MatrixRow[] {
  const named = (indexes: readonly number[]): Entity[] => indexes.flatMap((index) => entities[index] ?? []);
  const targets = evaluation.targets.map(({ entities: all }) => named(all));
  const told = new Map<Permission, Told[]>();
  const tell = (permission: Permission): Told[] => {
    const known = told.get(permission) ?? levels(permission, rulesOf(evaluation, permission));
    told.set(permission, known);
    return known;
  };
  const order = evaluation.sources.map((_, index) => index).sort((a, b) => first(evaluation, a) - first(evaluation, b));
  return order.flatMap((source) => {
    const from = named(evaluation.sources[source]?.entities ?? []);
    const { targets: reached, own } = evaluation.reach(source);
    const rows = [...reached]
      .sort(([a], [b]) => firstTarget(evaluation, a) - firstTarget(evaluation, b))
      .flatMap(([target, permission]) => {
        const to = targets[target] ?? [];
        const itself = from.length === 1 && to.length === 1 && isItself(from[0], to[0]);
        return itself ? [] : tell(permission).map((level) => ({ from, to, ...level }));
      });
    return own === undefined ? rows : [...rows, ...tell(own).map((level) => ({ from, to: 'own' as const, ...level }))];
  });
}

type Told = Pick<MatrixRow, 'ports' | 'family' | 'conditional' | 'rules'>;

const first = ({ sources }: Evaluation, index: number): number => sources[index]?.entities[0] ?? 0;
const firstTarget = ({ targets }: Evaluation, index: number): number => targets[index]?.entities[0] ?? 0;

/** A host reaches itself without anybody's permission; a person's devices are several. */
const isItself = (from: Entity | undefined, to: Entity | undefined): boolean =>
  from?.key === to?.key && from?.kind !== 'person' && from?.kind !== 'others';

function levels({ levels: all }: Permission, rules: MatrixRow['rules']): Told[] {
  return [...all.values()].flatMap(({ condition, ports }) => {
    const conditional = condition === '' ? {} : { conditional: condition };
    const [four, six] = [portTexts(ports[4]), portTexts(ports[6])];
    if (four.length === 0 || six.length === 0 || four.join() === six.join())
      return [{ ports: told(portSet([...four, ...six])), ...conditional, rules }];
    return ([4, 6] as const).map((family) => ({ ports: told(ports[family]), family, ...conditional, rules }));
  });
}

export const rulesOf = ({ parts }: Evaluation, permission: Permission): MatrixRow['rules'] => {
  const rules = permission.parts.flatMap((part) => parts[part]?.rule ?? []);
  return [...new Map(rules.map(({ path, why }) => [path, { path, why }])).values()];
};
