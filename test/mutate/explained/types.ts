import type { Mutant } from '../mutants.ts';

/** A survivor that changes nothing anybody could notice, with the reason. Found by the text of its line, so it may move. */
export type Explained = Pick<Mutant, 'file' | 'text' | 'from' | 'to'> & { why: string };
