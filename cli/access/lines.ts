import {
  labelText,
  type Entity,
  type Evaluator,
  type Label,
  type MatrixRow,
} from '../../mesh/overlays/tailscale/policy/index.ts';

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

/**
 * The matrix of a policy, put together: sources that may do the same to the same targets in one line. What two rules give to a pair is
 * two lines, unless both give the same.
 */
export function accessLines(
  rows: readonly MatrixRow[],
  label: ReturnType<Evaluator['labels']>,
  services: readonly ServiceHosts[] = [],
): AccessLine[] {
  const apart = rows.flatMap(byRules);
  const byTargets = merged(
    merged(
      apart,
      ({ from }) => from,
      (row, other) => (row.to === 'own' || other.to === 'own' ? row : { ...row, to: [...row.to, ...other.to] }),
    ),
    ({ to }) => to,
    (row, other) => ({ ...row, from: [...row.from, ...other.from] }),
  );
  return byTargets
    .map((row): AccessLine => {
      const { ports, family, conditional, rules } = row;
      return {
        from: label(row.from, new Set(rules.flatMap(({ src }) => src))),
        to: row.to === 'own' ? [] : label(row.to, new Set(rules.flatMap(({ dst }) => dst))),
        ports,
        ...(family !== undefined && { family }),
        ...(conditional !== undefined && { conditional }),
        why: [...new Set(rules.map(({ why, path }) => (why === '' ? path : why)))],
        rules: rules.map(({ path }) => path),
        services: servicesOf(row, services),
      };
    })
    .sort((a, b) => order(a) - order(b) || compare(sortKey(a), sortKey(b)));
}

/** One row for each set of ports that the same rules give; what is given for the same reasons stays together (a port, and logins on it). */
function byRules(row: MatrixRow): MatrixRow[] {
  if (row.rules.length < 2) return [row];
  const byPorts = Map.groupBy(row.rules, ({ ports }) => ports.join());
  const byReasons = Map.groupBy(byPorts.values(), (rules) =>
    [...new Set(rules.map(({ why }) => why))].sort().join('\n'),
  );
  return [...byReasons.values()].map((groups) => {
    return { ...row, ports: groups.flatMap(([first]) => first?.ports ?? []), rules: groups.flat() };
  });
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

/** A service of the stack file, and the hosts that it is on. */
export interface ServiceHosts {
  name: string;
  ports: readonly string[];
  hosts: ReadonlySet<string>;
}

/** Services that have just these ports, and all of these hosts. */
function servicesOf({ to, ports }: MatrixRow, services: readonly ServiceHosts[]): string[] {
  if (to === 'own') return [];
  const wanted = ports.toSorted().join();
  return services.flatMap(({ name, ports: own, hosts }) =>
    own.toSorted().join() === wanted && to.every(({ label }) => hosts.has(label)) ? [name] : [],
  );
}

/** People first, then hosts, then what the mesh needs for itself. */
const order = ({ why, from }: AccessLine): number =>
  why.every((one) => one.startsWith('control:')) ? 2 : Number(!from.some(({ name }) => /^group:|@/.test(name)));
const sortKey = ({ from, to, ports }: AccessLine): string =>
  [from, to].map((labels) => labels.map(labelText).join()).join(' ') + ports.join();
const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
