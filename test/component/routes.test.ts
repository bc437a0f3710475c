import { beforeAll, expect, test } from 'vitest';
import { ancestors, one, type Recording } from './record.ts';
import { recordProd, recordStaging, rulesWithout, sitesWith, stackConfig } from './staging.ts';

const ROUTE = 'hcloud:index/networkRoute:NetworkRoute';
const routes = ({ resources }: Recording): unknown[] =>
  resources
    .filter(({ type }) => type === ROUTE)
    .map(({ name, inputs }) => [name, inputs.destination, inputs.gateway])
    .sort();

let prod: Recording;
beforeAll(async () => {
  prod = await recordProd();
});

test('a Hetzner network that keeps sources leads every other routed site to the address that its routers share', () => {
  expect(routes(prod)).toEqual([
    ['eu-fra-to-eu-gra', '10.77.40.0/24', '10.77.10.254'],
    ['eu-fra-to-us-nyc', '10.77.30.0/24', '10.77.10.254'],
  ]);
  const route = one(prod, ROUTE, 'eu-fra-to-us-nyc');
  expect(route.parent).toBe(one(prod, 'site-mesh:hetzner:Site', 'eu-fra').urn);
  expect(route.propertyDependencies.networkId).toEqual([one(prod, 'hcloud:index/network:Network', 'eu-fra').urn]);
  // The gateway's address lies in the subnet.
  expect(ancestors(prod, route)).toContain(one(prod, 'hcloud:index/networkSubnet:NetworkSubnet', 'eu-fra').urn);
});

test('one that masquerades leads nowhere', async () => {
  expect(routes(await recordStaging())).toEqual([]);
  const change = sitesWith('prod', (sites) => {
    const { snat, vip, ...rest } = sites['eu-fra'] ?? {};
    expect([snat, vip]).toEqual([false, '10.77.10.254']);
    return { 'eu-fra': rest };
  });
  // Nor does its LAN any more, so no rule may be for it.
  const rest = rulesWithout('prod', 'role:db');
  expect(routes(await recordProd(stackConfig('prod', { ...change, ...rest })))).toEqual([]);
});

test('routers tell tailscaled whether to masquerade; members they masquerade themselves, always', () => {
  const snat = (name: string): unknown[] => {
    const files = one(prod, 'mesh:index:HostRelease', name).inputs.files as Record<string, { content: string }>;
    const own = files['/etc/site-mesh/site.nft']?.content.includes('chain nat_tailnet');
    return [one(prod, 'mesh:index:TailnetNode', name).inputs.snat, own];
  };
  expect(['fra-edge-01', 'gra-edge-02', 'nyc-edge-01'].map(snat)).toEqual([
    [false, true],
    [false, true],
    [true, true],
  ]);
});
