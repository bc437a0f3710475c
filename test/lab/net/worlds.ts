import type { CloudNetwork, LanNic, Link, Machine, World } from '../../../lab/machines/types.ts';
import { CLEAR_LINK } from '../../../lab/machines/wishes.ts';

/** A machine of a cloud with a public NIC; its number is in all its addresses. */
export function machine(
  id: string,
  number: number,
  lan?: Partial<LanNic> & Pick<LanNic, 'network' | 'address'>,
  more: Partial<Machine> = {},
): Machine {
  return {
    id,
    name: id,
    tenant: 'test',
    cloud: 'hetzner',
    image: 'debian-12',
    running: true,
    boot: 1,
    userData: '',
    authorizedKeys: [],
    wan: { name: 'eth0', address: `203.0.113.${number}`, also: [], mtu: 1500 },
    ...(lan && {
      lan: { name: 'lan0', mtu: 1500, mac: `52:54:00:00:00:${hexByte(number)}`, aliases: [], routes: [], ...lan },
    }),
    ...more,
  };
}

const hexByte = (number: number): string => number.toString(16).padStart(2, '0');

export function cloudNetwork(kind: CloudNetwork['kind'], id: string, more: Partial<CloudNetwork> = {}): CloudNetwork {
  return { id, kind, range: '10.77.0.0/16', routes: [], ...more };
}

export const link = (one: string, other: string, settings: Partial<Link>): Link => ({
  ...CLEAR_LINK,
  between: [one, other],
  ...settings,
});

/** All but the lab's name. */
export type Wanted = Omit<World, 'lab'>;

export const wanted = (parts: Partial<Wanted>): Wanted => ({
  machines: [],
  networks: [],
  links: [],
  cuts: [],
  published: [],
  lifted: [],
  ...parts,
});
