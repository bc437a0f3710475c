import type { Explained } from './types.ts';

/** The policy that a plan is compiled to. */
export const COMPILER: readonly Explained[] = [];
