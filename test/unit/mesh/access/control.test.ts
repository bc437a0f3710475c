import { expect, test } from 'vitest';
import { control } from '../../../../mesh/access/control.ts';
import { accepted, wideRaw } from '../fixtures.ts';

test('the routers of a site with two may ping its LAN, which nobody wrote', () => {
  const { 'eu-fra': fra } = accepted(wideRaw()).sites;
  const shared = {
    ports: ['icmp/*'],
    why: 'control: the routers of eu-fra see each other and tell who is primary',
    implicit: true,
  };
  expect(control({ ...accepted(wideRaw()), sites: fra ? { 'eu-fra': fra } : {} })).toEqual([
    {
      rule: {
        sources: [{ kind: 'routers-of-site', site: 'eu-fra' }],
        targets: [{ kind: 'lan', site: 'eu-fra', cidr: '10.77.10.0/24' }],
        ...shared,
      },
      entry: { from: 'routers of eu-fra', to: 'LAN of eu-fra', ...shared },
    },
  ]);
});

test('the routers of each site with two may see each other, by site; one alone needs nothing', () => {
  const config = accepted(wideRaw());
  const pairs = Object.entries(config.sites).filter(([, { routers }]) => routers.length === 2);
  expect(pairs.length).toBeGreaterThan(1);
  const names = pairs.map(([name]) => name).sort();
  expect(control(config).map(({ entry }) => entry.from)).toEqual(names.map((name) => `routers of ${name}`));
  const [first = ''] = names;
  const { [first]: site, ...others } = config.sites;
  const alone = { ...others, ...(site && { [first]: { ...site, routers: site.routers.slice(0, 1) } }) };
  expect(control({ ...config, sites: alone }).map(({ entry }) => entry.from)).toEqual(
    names.slice(1).map((name) => `routers of ${name}`),
  );
});
