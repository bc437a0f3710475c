import type { Mutant } from './mutants.ts';

/** Survivors that change nothing anybody could notice, each with the reason. Found by the text of their line, so they may move. */
export type Explained = Pick<Mutant, 'file' | 'text' | 'from' | 'to'> & { why: string };

export const EXPLAINED: readonly Explained[] = [];

export const explains = (one: Explained, { file, text, from, to }: Mutant): boolean =>
  one.file === file && one.text === text && one.from === from && one.to === to;
