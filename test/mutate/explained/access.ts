import type { Explained } from './index.ts';

const BY_NAME = 'a.name < b.name ? -1 : Number(a.name > b.name);';

export const ACCESS: readonly Explained[] = [
  {
    file: 'mesh/access/places.ts',
    text: BY_NAME,
    from: 'a.name < b.name',
    to: 'a.name <= b.name',
    why: 'two hosts of one name are refused by the configuration',
  },
  {
    file: 'mesh/access/joiners.ts',
    text: 'const hosts = [...new Set(there.filter(({ from }) => from === group).map(({ to }) => to))];',
    from: 'there.filter(({ from }) => from === group)',
    to: 'there',
    why: 'hosts of other groups give nothing through this one, so nothing is told of them: it only saves looking',
  },
  {
    file: 'mesh/access/joiners.ts',
    text: 'if (people !== undefined) groups.set(entry.from, new Set(people));',
    from: 'people !== undefined',
    to: 'true',
    why: 'a source that names nobody has nobody who joins or leaves: an empty set says the same as none',
  },
];
