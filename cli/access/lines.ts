import {
  labelText,
  type Entity,
  type Evaluator,
  type Label,
  type MatrixRow,
} from '../../mesh/overlays/tailscale/policy/index.ts';
import type { MeshConfig } from '../../mesh/config/index.ts';

/** One line of the matrix as people read it: all that has the same targets, ports and reasons. */
export interface AccessLine {
  from: Label[];
  /** Empty: their own devices. */
  to: Label[];
  ports: string[];
  family?: 4 | 6;
  conditional?: string;
  why: string[];
  rules: string[];
  /** Services of the stack file that these ports on these hosts are. */
  services: string[];
}

/** The matrix of a policy, put together: sources that may do the same to the same targets in one line. */
export function accessLines(
  rows: readonly MatrixRow[],
  label: ReturnType<Evaluator['labels']>,
  services: MeshConfig['services'] = {},
): AccessLine[] {
  const byTargets = merged(
    merged(rows, ({ from }) => from, (row, other) => (row.to === 'own' || other.to === 'own' ? row : { ...row, to: [...row.to, ...other.to] })), // prettier-ignore
    ({ to }) => to,
    (row, other) => ({ ...row, from: [...row.from, ...other.from] }),
  );
  return byTargets
    .map((row): AccessLine => {
      const { ports, family, conditional, rules } = row;
      const to = row.to === 'own' ? [] : label(row.to);
      return {
        from: label(row.from),
        to,
        ports,
        ...(family !== undefined && { family }),
        ...(conditional !== undefined && { conditional }),
        why: [...new Set(rules.map(({ why, path }) => (why === '' ? path : why)))],
        rules: rules.map(({ path }) => path),
        services: row.to === 'own' ? [] : servicesOf(ports, services),
      };
    })
    .sort((a, b) => order(a) - order(b) || compare(sortKey(a), sortKey(b)));
}

/** Rows that agree in everything but one end become one; `own` never agrees with anything but itself. */
function merged(
  rows: readonly MatrixRow[],
  end: (row: MatrixRow) => readonly Entity[] | 'own',
  join: (row: MatrixRow, other: MatrixRow) => MatrixRow,
): MatrixRow[] {
  const found = new Map<string, MatrixRow>();
  const ids = new Map<readonly Entity[] | 'own', string>();
  for (const row of rows) {
    const one = end(row);
    const id = ids.get(one) ?? (one === 'own' ? one : one.map(({ key }) => key).join('|'));
    ids.set(one, id);
    const { ports, family, conditional, rules } = row;
    const key = JSON.stringify([id, row.to === 'own', ports, family, conditional, rules.map(({ path }) => path)]);
    const known = found.get(key);
    found.set(key, known === undefined ? row : join(known, row));
  }
  return [...found.values()];
}

/** Services with just these ports. */
const servicesOf = (ports: readonly string[], services: MeshConfig['services']): string[] =>
  Object.entries(services).flatMap(([name, service]) => (service.ports.toSorted().join() === ports.toSorted().join() ? [name] : [])); // prettier-ignore

/** Written intents first, then what the mesh needs for itself. */
const order = ({ why }: AccessLine): number => Number(why.every((one) => one.startsWith('control:')));
const sortKey = ({ from, to, ports }: AccessLine): string => [from, to].map((labels) => labels.map(labelText).join()).join(' ') + ports.join(); // prettier-ignore
const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
