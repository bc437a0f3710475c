import type { Explained } from './types.ts';

/** Reading any policy. */
export const READING: readonly Explained[] = [];
