import type { Explained } from './types.ts';

/** What a plan's permissions are, and what changes between two of them. */
export const ACCESS: readonly Explained[] = [];
