import type { Explained } from './types.ts';

/** What `mesh policy adopt` makes of a policy. */
export const ADOPT: readonly Explained[] = [];
