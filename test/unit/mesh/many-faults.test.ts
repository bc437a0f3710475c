import { describe, expect, test } from 'vitest';
import { parseConfig, renderFaults } from '../../../mesh/config/index.ts';
import { hostOf, siteOf, type Loose } from './breakable.ts';
import { accepted, PUBLIC_KEY, reversed, wideRaw } from './fixtures.ts';

/** Breaks the wide stack in many places at once; answers the paths in the order in which they are told. */
function broken(): { raw: Loose; paths: string[] } {
  const raw = wideRaw() as unknown as Loose;
  Object.assign(raw.network ?? {}, { name: 'Acme', domain: 'nodots' });
  Object.assign(raw.tailnet ?? {}, { name: 'two words' });
  Object.assign(raw.ssh ?? {}, { from: ['0.0.0.0/0'], bootTimeout: 1, user: 'Ops' });
  Object.assign(raw, { credentials: { from: 'vault' }, sitez: {} });
  Object.assign(siteOf(raw), { location: 'fsn2', lan: 'l2', ssh: { user: 'x' }, serverType: 's-1vcpu-1gb' });
  Object.assign(siteOf(raw), { account: 'shared', vip: '10.77.10.254' });
  Object.assign(hostOf(raw, 'eu-fra', 'routers'), { member: false, accepts: ['ufw'] });
  Object.assign(hostOf(raw, 'eu-fra', 'routers', 1), { lan: '10.77.11.3' });
  Object.assign(siteOf(raw, 'ap-sin'), { account: 'shared', gateway: '10.77.20.1', cidr: '10.77.10.128/25' });
  Object.assign(hostOf(raw, 'ap-sin'), { lan: '10.77.10.140', serverType: 'cx23', roles: ['app', 'router'] });
  Object.assign(siteOf(raw, 'us-nyc'), { snat: false, image: '17', commands: { tidy: {} } });
  Object.assign(hostOf(raw, 'us-nyc'), { name: 'fra-db-01', ssh: { host: '198.51.100.9', hostKey: PUBLIC_KEY } });
  Object.assign(siteOf(raw, 'eu-gra'), { location: 'fsn1', serverType: 'cx23', vip: '10.77.40.2' });
  delete hostOf(raw, 'eu-gra', 'routers').ssh;
  Object.assign(hostOf(raw, 'eu-gra', 'routers', 1), { ssh: { host: '198.51.100.11', hostKey: 'nonsense' } });
  Object.assign(hostOf(raw, 'eu-gra'), { member: true });
  Object.assign(raw.groups ?? {}, { sre: ['grace'] });
  Object.assign(raw.services?.ssh ?? {}, { on: ['role:routr'], ports: ['tcp/0'] });
  Object.assign(raw.access[0] ?? {}, { from: ['group:nobody'], to: 'mysql', why: '' });
  return {
    raw,
    paths: [
      'access[0].from[0]',
      'access[0].to',
      'access[0].why',
      'credentials.from',
      'groups.sre[0]',
      'network.domain',
      'network.name',
      'services.ssh.on[0]',
      'services.ssh.ports[0]',
      'sites.ap-sin.cidr',
      'sites.ap-sin.gateway',
      'sites.ap-sin.hosts[0].lan',
      'sites.ap-sin.hosts[0].roles[1]',
      'sites.ap-sin.hosts[0].serverType',
      'sites.eu-fra.account',
      'sites.eu-fra.lan',
      'sites.eu-fra.location',
      'sites.eu-fra.routers[0].accepts',
      'sites.eu-fra.routers[0].member',
      'sites.eu-fra.routers[1].lan',
      'sites.eu-fra.serverType',
      'sites.eu-fra.ssh',
      'sites.eu-fra.vip',
      'sites.eu-gra.hosts[0].ssh',
      'sites.eu-gra.location',
      'sites.eu-gra.routers[0].lan',
      'sites.eu-gra.routers[0].ssh',
      'sites.eu-gra.routers[1].ssh.hostKey',
      'sites.eu-gra.serverType',
      'sites.us-nyc.commands.tidy.run',
      'sites.us-nyc.hosts[0].name',
      'sites.us-nyc.hosts[0].ssh',
      'sites.us-nyc.image',
      'sites.us-nyc.snat',
      'sitez',
      'ssh.bootTimeout',
      'ssh.from[0]',
      'ssh.user',
      'tailnet.name',
    ],
  };
}

describe('a stack with more than thirty faults', () => {
  const { raw, paths } = broken();
  const answer = parseConfig(raw);
  const faults = answer.ok ? [] : answer.faults;

  test('hears of each of them, once, sorted by path', () => {
    expect(paths.length).toBeGreaterThan(30);
    expect(faults.map(({ path }) => path)).toEqual(paths);
  });

  test('hears what is wrong and the way out of each, and their number', () => {
    const text = renderFaults(faults);
    expect(text).toContain(`${paths.length} faults; nothing was created or changed`);
    for (const { path, problem, remedy } of faults) {
      expect([problem, remedy].every((words) => words !== '')).toBe(true);
      expect(text).toContain(`site-mesh:${path} = `);
    }
  });

  test('hears the same whatever the order of its keys', () => {
    const turned = <T>(mapping: Record<string, T>): Record<string, T> =>
      Object.fromEntries(Object.entries(mapping).reverse());
    const again = parseConfig({ ...turned<unknown>(raw), sites: turned(raw.sites) });
    // Which of two hosts of one name is the second is a matter of the file.
    const name = 'sites.us-nyc.hosts[0].name';
    expect(again.ok ? [] : again.faults.map(({ path }) => path)).toEqual(
      paths.map((path) => (path === name ? 'sites.eu-fra.hosts[0].name' : path)).sort(),
    );
  });
});

test('role:router means nothing where no site has a router: neither as a place nor as a source', () => {
  const { sites, services, ...rest } = wideRaw();
  const members = {
    ...rest,
    sites: { 'ap-sin': sites['ap-sin'] },
    services: { api: services.api, ssh: services.ssh },
    access: [{ from: ['role:router', 'group:sre'], to: 'api', why: 'none' }],
  };
  const answer = parseConfig(members);
  expect(answer.ok ? [] : answer.faults.map(({ path, problem }) => [path, problem])).toEqual([
    ['access[0].from[0]', 'is a role that nobody declared'],
    ['services.ssh.on[0]', 'is a role that no host has'],
  ]);
});

test('one account may serve many sites of its cloud', () => {
  const raw = wideRaw();
  const at = (name: 'ap-sin' | 'us-nyc') => ({ [name]: { ...raw.sites[name], account: 'ocean' } });
  const config = accepted({ ...raw, sites: { ...raw.sites, ...at('ap-sin'), ...at('us-nyc') } });
  expect(Object.values(config.sites).map(({ account }) => account)).toEqual([undefined, 'ocean', 'ocean', undefined]);
});

test('what is not told twice is not told by chance: the wide stack turned round has no fault', () => {
  expect(parseConfig(reversed(wideRaw()) as Record<string, unknown>).ok).toBe(true);
});
