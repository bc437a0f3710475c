import { expect, test } from 'vitest';
import type { Resource } from '../../../cli/recover/state.ts';
import { protectionOf, type Protection } from '../../../cli/unprotect.ts';
import { stateOf } from './recover-fixtures.ts';

const made = (parent: Resource | undefined, type: string, name: string, protect = false): Resource => ({
  urn: `urn:pulumi:prod::site-mesh::${parent?.type ?? ''}$${type}::${name}`,
  type,
  ...(parent && { parent: parent.urn }),
  protect,
});
const site = made(undefined, 'site-mesh:hetzner:Site', 'fra');
const network = made(site, 'hcloud:index/network:Network', 'fra', true);
const pair = made(site, 'site-mesh:index:RouterPair', 'fra');
const edge = made(pair, 'site-mesh:hetzner:Server', 'fra-edge-01');
const address = made(edge, 'hcloud:index/primaryIp:PrimaryIp', 'fra-edge-01', true);
const server = made(edge, 'hcloud:index/server:Server', 'fra-edge-01', true);
const attachment = made(edge, 'hcloud:index/serverNetwork:ServerNetwork', 'fra-edge-01');
const host = made(pair, 'site-mesh:index:Host', 'fra-edge-01');
const release = made(host, 'mesh:index:HostRelease', 'fra-edge-01', true);
// Called like the other site, and a host of it like the site itself.
const other = made(undefined, 'site-mesh:digitalocean:Site', 'fra-2');
const vpc = made(other, 'digitalocean:index/vpc:Vpc', 'fra-2', true);
const namesake = made(other, 'site-mesh:digitalocean:Droplet', 'fra');
const droplet = made(namesake, 'digitalocean:index/droplet:Droplet', 'fra', true);
const state = stateOf([
  site,
  network,
  pair,
  edge,
  address,
  server,
  attachment,
  host,
  release,
  other,
  vpc,
  namesake,
  droplet,
]);

const urns = (answer: Protection): unknown => (answer.found ? answer.protected.map(({ urn }) => urn).sort() : answer);
const sorted = (...resources: Resource[]): string[] => resources.map(({ urn }) => urn).sort();

test('of a site: what is protected under it, and nothing of another one', () => {
  expect(urns(protectionOf(state, 'fra'))).toEqual(sorted(network, address, server, release));
  expect(urns(protectionOf(state, 'fra-2'))).toEqual(sorted(vpc, droplet));
});

test('of a host: its server and its address alone', () => {
  expect(urns(protectionOf(state, 'fra', 'fra-edge-01'))).toEqual(sorted(address, server));
  expect(urns(protectionOf(state, 'fra-2', 'fra'))).toEqual(sorted(droplet));
});

test('what is not there is told, with what is', () => {
  expect(protectionOf(state, 'fr')).toEqual({ found: false, what: 'site fr', known: ['fra', 'fra-2'] });
  const elsewhere = { found: false, what: 'server of a host fra at site fra', known: ['fra-edge-01'] };
  expect(protectionOf(state, 'fra', 'fra')).toEqual(elsewhere);
});
