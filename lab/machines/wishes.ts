import type { Collection, Store } from '../types.ts';
import type { Link, Restriction, World } from './types.ts';

/** What a person does to a lab beside its clouds: cables, power, links between sites. Kept in the lab's store. */
export interface Wishes {
  link(link: Link): void;
  /** Takes the settings of a pair away; of all pairs without one. */
  unlink(between?: readonly [string, string]): void;
  cut(machine: string, nic: 'lan' | 'wan', cut: boolean): void;
  /** `on` false: as if the power failed; the cloud does not know. */
  power(machine: string, on: boolean): void;
  lift(restriction: Restriction, lifted: boolean): void;
  isOff(machine: string): boolean;
  world(): Pick<World, 'links' | 'cuts' | 'lifted'>;
}

/** A link that changes nothing. */
export const CLEAR_LINK: Omit<Link, 'between'> = {
  delay: 0,
  jitter: 0,
  loss: 0,
  blockUdp: false,
  down: false,
  noIcmpErrors: false,
};

const pair = ([a, b]: readonly [string, string]): [string, string] => (a < b ? [a, b] : [b, a]);
const key = (between: readonly [string, string]): string => pair(between).join(' ');

export function createWishes(store: Store): Wishes {
  const links = store.collection<Link>('lab-links');
  const cuts = store.collection<World['cuts'][number]>('lab-cuts');
  const off = store.collection<{ machine: string }>('lab-off');
  const lifted = store.collection<{ restriction: Restriction }>('lab-lifted');
  const toggle = <T>(collection: Collection<T>, name: string, value: T, on: boolean): void =>
    on ? collection.put(name, value) : collection.delete(name);
  return {
    link: (link) => links.put(key(link.between), { ...link, between: pair(link.between) }),
    unlink: (between) => {
      for (const link of links.all())
        if (between === undefined || key(link.between) === key(between)) links.delete(key(link.between));
    },
    cut: (machine, nic, cut) => toggle(cuts, `${machine} ${nic}`, { machine, nic }, cut),
    power: (machine, on) => toggle(off, machine, { machine }, !on),
    lift: (restriction, on) => toggle(lifted, restriction, { restriction }, on),
    isOff: (machine) => off.get(machine) !== undefined,
    world: () => ({
      links: links.all(),
      cuts: cuts.all(),
      lifted: lifted.all().map(({ restriction }) => restriction),
    }),
  };
}
