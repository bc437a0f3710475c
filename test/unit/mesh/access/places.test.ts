import { expect, test } from 'vitest';
import { indexed, lanHost, places, wholePrefix } from '../../../../mesh/access/places.ts';
import { accepted, sixRaw, wideRaw } from '../fixtures.ts';

const GRA = {
  name: 'eu-gra',
  cloud: 'existing',
  lan: 'l2',
  snat: false,
  hasRouters: true,
};
const gra6 = (last: string): string => `fd12:3456:789a:40::${last}`;

/** The places of a stack that a selector names. */
const selected = (raw: Record<string, unknown>, selector: string) => indexed(places(accepted(raw)))(selector);

test('every host is a place, sorted by name across sites', () => {
  expect(places(accepted(wideRaw())).map(({ name, party }) => `${name} ${party.kind}`)).toEqual([
    'fra-db-01 lan',
    'fra-edge-01 member',
    'fra-edge-02 member',
    'gra-edge-01 member',
    'gra-edge-02 member',
    'gra-nas-01 lan',
    'nyc-edge-01 member',
    'nyc-edge-02 member',
    'nyc-infra-01 member',
    'nyc-raw-01 lan',
    'sin-app-01 member',
    'sin-raw-01 lan',
  ]);
});

test('a place has what is known of it: addresses of both kinds, roles in order, and the network that it stands in', () => {
  const raw = sixRaw();
  const [first, ...others] = raw.sites['eu-gra'].routers;
  const routers = [{ ...first, roles: ['relay', 'exit'] }, ...others];
  const sites = { ...raw.sites, 'eu-gra': { ...raw.sites['eu-gra'], routers } };
  expect(selected({ ...raw, sites }, 'gra-edge-01')).toEqual([
    {
      name: 'gra-edge-01',
      site: 'eu-gra',
      address: '10.77.40.2',
      address6: gra6('2'),
      roles: ['exit', 'relay', 'router'],
      party: { kind: 'member', name: 'gra-edge-01', site: GRA },
    },
  ]);
  expect(selected(raw, 'gra-nas-01')).toEqual([
    {
      name: 'gra-nas-01',
      site: 'eu-gra',
      address: '10.77.40.20',
      address6: gra6('20'),
      roles: ['backup'],
      party: { kind: 'lan', name: 'gra-nas-01', site: GRA },
    },
  ]);
  expect(selected(raw, 'sin-app-01')).toEqual([
    {
      name: 'sin-app-01',
      site: 'ap-sin',
      roles: ['app'],
      party: {
        kind: 'member',
        name: 'sin-app-01',
        site: { name: 'ap-sin', cloud: 'digitalocean', lan: undefined, snat: true, hasRouters: false },
      },
    },
  ]);
});

test('places are selected by name, role and site, and by what nobody declared none is', () => {
  const names = (selector: string): string[] => selected(wideRaw(), selector).map(({ name }) => name);
  expect(names('role:db')).toEqual(['fra-db-01']);
  expect(names('role:router')).toEqual([
    'fra-edge-01',
    'fra-edge-02',
    'gra-edge-01',
    'gra-edge-02',
    'nyc-edge-01',
    'nyc-edge-02',
  ]);
  expect(names('site:ap-sin')).toEqual(['sin-app-01', 'sin-raw-01']);
  expect(names('role:nothing')).toEqual([]);
});

test('a LAN host is the end of a rule by its addresses; where a cloud assigns them it is none', () => {
  const [nas, raw] = ['gra-nas-01', 'sin-raw-01'].map((name) => selected(sixRaw(), name).flatMap(lanHost));
  expect(nas).toEqual([{ kind: 'lan-host', name: 'gra-nas-01', address: '10.77.40.20', address6: gra6('20') }]);
  expect(raw).toEqual([]);
  expect(selected(wideRaw(), 'gra-nas-01').flatMap(lanHost)).toEqual([
    { kind: 'lan-host', name: 'gra-nas-01', address: '10.77.40.20' },
  ]);
});

test('a LAN is the end of a rule by its prefixes', () => {
  const { 'eu-gra': six, 'eu-fra': four } = accepted(sixRaw()).sites;
  expect([six && wholePrefix('eu-gra', six), four && wholePrefix('eu-fra', four)]).toEqual([
    { kind: 'lan', site: 'eu-gra', cidr: '10.77.40.0/24', cidr6: gra6('/64') },
    { kind: 'lan', site: 'eu-fra', cidr: '10.77.10.0/24' },
  ]);
});
