import { closest } from '../../../config/suggest.ts';

/** Beyond these a suggestion costs more than it helps: distances are counted letter by letter, for every fault. */
const LONGEST_NAME = 100;
const MOST_NAMES = 1000;

/** The known name that was probably meant. */
export const nearest = (name: string, known: readonly string[]): string | undefined =>
  name.length > LONGEST_NAME || known.length > MOST_NAMES ? undefined : closest(name, known);
