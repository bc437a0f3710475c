import { roleName } from '../../../config/fields.ts';

/** A tag that can be a role of hosts; `router` is the one that every router has. */
export const isRole = (name: string): boolean => name === 'router' || roleName.safeParse(name).success;

/** Why another one can not be. */
export const NO_ROLE =
  'no role can have this name: it is not in lower case, or too long, or has a form that the mesh gives itself';

/** What listens on a port, mostly. */
const KNOWN: Readonly<Record<string, string>> = {
  'tcp/22': 'ssh',
  'tcp/53': 'dns',
  'udp/53': 'dns',
  'tcp/80': 'http',
  'tcp/443': 'https',
  'tcp/3306': 'mysql',
  'tcp/5432': 'postgres',
  'tcp/6379': 'redis',
  'tcp/6514': 'syslog',
  'tcp/9090': 'prometheus',
  'tcp/9100': 'node-exporter',
};

/** Names that go into a stack file, made from what a policy has: `edge-https`, `fra-db-01-postgres`, shortened where it must be; another number where somebody has it. */
export function serviceName(
  places: readonly string[],
  ports: readonly string[],
  taken: (name: string) => boolean,
): string {
  const [place = '', ...others] = places;
  const [port = ''] = ports;
  const what = KNOWN[port] ?? port.replace('/', '-').replace(/-.*-/, '-');
  const where = others.length === 0 ? place.replace(/^role:/, '') : '';
  const base = fitted(`${where}-${what}`, 27);
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? base : `${base}-${count}`;
    if (!taken(name)) return name;
  }
}

/** The local part of a login as the name of a group. */
export const peopleName = (login: string): string => fitted(login.replace(/@.*/, '').toLowerCase(), 30);

const fitted = (text: string, longest: number): string => {
  const clean = text.replaceAll(/[^a-z0-9-]+/g, '-').replace(/^[^a-z]+/, '');
  return clean.slice(0, longest).replace(/-+$/, '') || 'some';
};

/** A reason as a stack file takes it: one line, 200 characters. */
export function reason(text: string, otherwise: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  // Half of a pair is no character.
  return line === '' ? otherwise : line.slice(0, 200).replace(/\p{Cs}$/u, '');
}
