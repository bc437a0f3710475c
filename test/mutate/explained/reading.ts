import type { Explained } from './index.ts';

/** Reading any policy. */
export const READING: readonly Explained[] = [];
