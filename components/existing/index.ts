import type { CloudComponents } from '../cloud.ts';
import { ExistingSite } from './site.ts';

/** Machines that were there before: no cloud is asked. */
export const existing: CloudComponents = {
  sites: ({ sites, access, policy, options }) =>
    new Map(
      sites.map((site) => [site.name, new ExistingSite(site.name, { plan: site, access, policy }, options).running]),
    ),
};
