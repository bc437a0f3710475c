import type { Explained } from './index.ts';

/** The policy that a plan is compiled to. */
export const COMPILER: readonly Explained[] = [];
