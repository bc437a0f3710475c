import { z } from 'zod';
import type { Bench } from './bench.ts';

/** Servers of the production stack, by name; its other hosts were there before. */
export const PROD_SERVERS = [
  'fra-db-01',
  'fra-edge-01',
  'fra-edge-02',
  'nyc-edge-01',
  'nyc-edge-02',
  'nyc-infra-01',
  'sin-app-01',
  'sin-app-02',
];

export type Entry = Record<string, unknown>;
const entry = z.record(z.string(), z.unknown());

export function sitesOf(config: Record<string, unknown>): Record<string, Entry> {
  return z.record(z.string(), entry).parse(config['site-mesh:sites']);
}

/** Lays values over a site, or over one host of it. */
export function editSite(bench: Bench, site: string, values: Entry, host?: string): Promise<void> {
  return bench.edit((config) => {
    const sites = sitesOf(config);
    const old = sites[site] ?? {};
    const over = (list: unknown): Entry[] =>
      z
        .array(entry)
        .parse(list ?? [])
        .map((one) => (one.name === host ? { ...one, ...values } : one));
    sites[site] =
      host === undefined ? { ...old, ...values } : { ...old, routers: over(old.routers), hosts: over(old.hosts) };
    config['site-mesh:sites'] = sites;
  });
}

/** Lays values over a section that is a mapping, such as `services`. */
export function editSection(bench: Bench, section: string, values: Entry): Promise<void> {
  return bench.edit((config) => {
    const key = `site-mesh:${section}`;
    config[key] = { ...entry.parse(config[key]), ...values };
  });
}
