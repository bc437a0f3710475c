import { expect, test } from 'vitest';
import { control } from '../../../../mesh/access/control.ts';
import { accepted, wideRaw } from '../fixtures.ts';

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
