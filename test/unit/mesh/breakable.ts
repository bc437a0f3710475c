/** Loosely typed on purpose: faulty values do not fit the types of valid ones. */
export type Loose = Record<string, Record<string, unknown>> & {
  sites: Record<string, Site>;
  access: Record<string, unknown>[];
};
export interface Site extends Record<string, unknown> {
  routers: Record<string, unknown>[];
  hosts: Record<string, unknown>[];
}

/** what is broken · how · path of the one fault · a word of its problem · a word of its remedy */
export type Case = [string, (raw: Loose) => unknown, string, string, string];

export function siteOf(raw: Loose, name = 'eu-fra'): Site {
  const found = raw.sites[name];
  if (!found) throw new Error(`the stack to be broken has no site ${name}`);
  return found;
}

/** A host of a site, `routers` or `hosts`, by its place in the list. */
export function hostOf(raw: Loose, site: string, list: 'routers' | 'hosts' = 'hosts', index = 0) {
  const found = siteOf(raw, site)[list][index];
  if (!found) throw new Error(`${site} has no ${list}[${index}]`);
  return found;
}

/** Gives a site, or the first router or host of one, other values. */
export const site = (name: string, more: object) => (raw: Loose) => Object.assign(siteOf(raw, name), more);
export const host = (at: string, list: 'routers' | 'hosts', more: object) => (raw: Loose) =>
  Object.assign(hostOf(raw, at, list), more);
