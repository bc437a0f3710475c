import type { Mutant } from '../mutants.ts';
import { ACCESS } from './access.ts';
import { ADOPT } from './adopt.ts';
import { ASKING } from './asking.ts';
import { COMPILER } from './compiler.ts';
import { READING } from './reading.ts';
import type { Explained } from './types.ts';

export const EXPLAINED: readonly Explained[] = [...ACCESS, ...ADOPT, ...COMPILER, ...READING, ...ASKING];

export const explains = (one: Explained, { file, text, from, to }: Mutant): boolean =>
  one.file === file && one.text === text && one.from === from && one.to === to;
