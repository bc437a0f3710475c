import type { CloudName } from '../config/clouds.ts';
import type { MeshPlan } from './types.ts';

/** Account of a site that has one. */
export const accountOf = ({ account }: { account?: string | undefined }): string => account ?? 'default';

/** Accounts of one cloud that a plan uses, sorted. */
export const accountNames = (plan: MeshPlan, cloud: CloudName): string[] =>
  [...new Set(plan.sites.filter((site) => site.cloud === cloud).map(accountOf))].sort();
