import type { z } from 'zod';
import type { Path } from './fault.ts';
import type { HostConfig, RuleConfig, ServiceConfig, SiteConfig } from './schema.ts';
import { ruleSchema, serviceSchema } from './schema/access.ts';
import { hostSchema } from './schema/host.ts';
import { networkSchema, tailnetSchema } from './schema/network.ts';
import { siteSchema } from './schema/site.ts';
import { isMapping } from './schema-faults.ts';

/**
 * What could be read of a configuration that may be faulty: every field by itself, so that one typing error does not
 * hide what is wrong elsewhere. Checks look only at what is there.
 */
export interface Draft {
  supernet?: string;
  supernet6?: string;
  /** Keys of `network` that stand there, readable or not. */
  network: readonly string[];
  sites: DraftSite[];
  /** Names that somebody declared, well-formed or not: naming them is no second fault. */
  groups: string[];
  /** As far as it can be read. */
  breakGlass?: { group: string; service: string; tool?: string | undefined };
  services: { name: string; path: Path; entry: Partial<ServiceConfig> }[];
  tools: string[];
  access: DraftRule[];
}

export interface DraftRule {
  path: Path;
  entry: Partial<RuleConfig>;
  /** As for sites. */
  given: readonly string[];
}

export interface DraftSite {
  name: string;
  path: Path;
  entry: Partial<Omit<SiteConfig, 'routers' | 'hosts'>>;
  /** Keys that stand there, readable or not: one that is malformed is not missing as well. */
  given: readonly string[];
  routers: DraftHost[];
  hosts: DraftHost[];
}

export interface DraftHost {
  path: Path;
  site: string;
  kind: 'router' | 'host';
  entry: Partial<HostConfig>;
  /** Roles that stand there, in a list that parses or not: naming them is no second fault. */
  roles: readonly string[];
  /** As for sites. */
  given: readonly string[];
}

/** The fields of a mapping that parse; the others are absent. */
function salvage<S extends z.ZodObject>(schema: S, raw: unknown): Partial<z.output<S>> {
  const kept: Record<string, unknown> = {};
  if (isMapping(raw)) {
    for (const [key, field] of Object.entries(schema.shape)) {
      const result = (field as z.ZodType).safeParse(raw[key]);
      if (result.success && result.data !== undefined) kept[key] = result.data;
    }
  }
  return kept as Partial<z.output<S>>;
}

const entries = (raw: unknown): [string, unknown][] => (isMapping(raw) ? Object.entries(raw) : []);
const list = (raw: unknown): unknown[] => (Array.isArray(raw) ? raw : []);

export function draft(raw: Record<string, unknown>): Draft {
  const { supernet, supernet6 } = salvage(networkSchema, raw.network);
  const { breakGlass } = salvage(tailnetSchema, raw.tailnet);
  return {
    ...(supernet === undefined ? {} : { supernet }),
    ...(supernet6 === undefined ? {} : { supernet6 }),
    network: keysOf(raw.network),
    sites: entries(raw.sites).map(([name, site]) => draftSite(name, site)),
    groups: entries(raw.groups).map(([name]) => name),
    ...(breakGlass && { breakGlass }),
    services: entries(raw.services).map(([name, service]) => ({
      name,
      path: ['services', name],
      entry: salvage(serviceSchema, service),
    })),
    tools: entries(raw.tools).map(([name]) => name),
    access: list(raw.access).map((rule, index) => ({
      path: ['access', index],
      entry: salvage(ruleSchema, rule),
      given: keysOf(rule),
    })),
  };
}

const bareSite = siteSchema.omit({ routers: true, hosts: true });
const keysOf = (raw: unknown): string[] => (isMapping(raw) ? Object.keys(raw) : []);

function draftSite(name: string, raw: unknown): DraftSite {
  const path = ['sites', name];
  const read = (kind: 'router' | 'host', key: 'routers' | 'hosts'): DraftHost[] =>
    list(isMapping(raw) ? raw[key] : undefined).map((host, index) => ({
      path: [...path, key, index],
      site: name,
      kind,
      entry: salvage(hostSchema, host),
      roles: list(isMapping(host) ? host.roles : undefined).filter((role) => typeof role === 'string'),
      given: keysOf(host),
    }));
  return {
    name,
    path,
    entry: salvage(bareSite, raw),
    given: keysOf(raw),
    routers: read('router', 'routers'),
    hosts: read('host', 'hosts'),
  };
}

export const hostsOf = (site: DraftSite): DraftHost[] => [...site.routers, ...site.hosts];
export const allHosts = (model: Draft): DraftHost[] => model.sites.flatMap(hostsOf);
