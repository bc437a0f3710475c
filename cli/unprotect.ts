import { resourcesOf, type Resource, type State } from './recover/state.ts';
import { nameOf } from './recover/wanted.ts';

const SITE = /^site-mesh:(hetzner|digitalocean|existing):Site$/;
const SERVER = /^site-mesh:(hetzner:Server|digitalocean:Droplet)$/;

/** What the state says of a site, or of one host of it. */
export type Protection =
  | { found: true; protected: Resource[] }
  /** `known`: the names that would have been found. */
  | { found: false; what: string; known: string[] };

/**
 * The protected resources that hang under one site, or under the server of one host there, and nothing else. By parent and
 * not by name: hosts and sites may be called alike, and what a name contains says nothing.
 */
export function protectionOf(state: State, site: string, host?: string): Protection {
  const resources = resourcesOf(state);
  const sites = resources.filter(({ type }) => SITE.test(type));
  const top = sites.find(({ urn }) => nameOf(urn) === site);
  if (top === undefined) return { found: false, what: `site ${site}`, known: names(sites) };
  const ofSite = under(resources, top.urn);
  if (host === undefined) return { found: true, protected: ofSite.filter(isProtected) };
  const servers = ofSite.filter(({ type }) => SERVER.test(type));
  const server = servers.find(({ urn }) => nameOf(urn) === host);
  if (server === undefined)
    return { found: false, what: `server of a host ${host} at site ${site}`, known: names(servers) };
  return { found: true, protected: under(resources, server.urn).filter(isProtected) };
}

const isProtected = ({ protect }: Resource): boolean => protect === true;
const names = (resources: readonly Resource[]): string[] => resources.map(({ urn }) => nameOf(urn)).sort();

function under(resources: readonly Resource[], parent: string): Resource[] {
  return resources.filter((one) => one.parent === parent).flatMap((one) => [one, ...under(resources, one.urn)]);
}
