import type { Mutant } from './mutants.ts';

/** Survivors that change nothing anybody could notice, each with the reason. Found by the text of their line, so they may move. */
export type Explained = Pick<Mutant, 'file' | 'text' | 'from' | 'to'> & { why: string };

const SORTED_SITES = '.sort(([a], [b]) => (a < b ? -1 : 1))';
const BY_NAME = 'a.name < b.name ? -1 : Number(a.name > b.name);';

export const EXPLAINED: readonly Explained[] = [
  {
    file: 'mesh/access/control.ts',
    text: SORTED_SITES,
    from: 'a < b',
    to: 'a <= b',
    why: 'keys of a mapping are never equal',
  },
  {
    file: 'mesh/access/control.ts',
    text: SORTED_SITES,
    from: '1',
    to: '1 + 1',
    why: 'of what a comparison answers only the sign counts',
  },
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

export const explains = (one: Explained, { file, text, from, to }: Mutant): boolean =>
  one.file === file && one.text === text && one.from === from && one.to === to;
