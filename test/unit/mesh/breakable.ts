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

export function siteOf(raw: Loose): Site {
  const found = raw.sites['eu-fra'];
  if (!found) throw new Error('the valid stack has a site eu-fra');
  return found;
}
