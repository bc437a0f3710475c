import { describe, expect, test } from 'vitest';
import { hostsOf as hostsAt, planMesh } from '../../../mesh/plan/index.ts';
import type { HostPlan, MeshPlan, SitePlan } from '../../../mesh/plan/types.ts';
import { accepted, PUBLIC_KEY, wideRaw } from './fixtures.ts';
import { NOW } from '../../now.ts';

const plan = (raw: Record<string, unknown>): MeshPlan => planMesh(accepted(raw), { stack: 'test', now: NOW });
const hostsOf = ({ sites }: MeshPlan): HostPlan[] => sites.flatMap(hostsAt);

describe('the plan of three clouds', () => {
  const made = plan(wideRaw());
  const site = (name: string): SitePlan => {
    const found = made.sites.find((one) => one.name === name);
    if (!found) throw new Error(`no site ${name}`);
    return found;
  };
  const host = (name: string): HostPlan => {
    const found = hostsOf(made).find((one) => one.name === name);
    if (!found) throw new Error(`no host ${name}`);
    return found;
  };

  test('sorts sites and hosts by name, routers first', () => {
    expect(made.sites.map(({ name }) => name)).toEqual(['ap-sin', 'eu-fra', 'eu-gra', 'us-nyc']);
    expect(hostsOf({ ...made, sites: [site('us-nyc')] }).map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      'nyc-edge-01 router',
      'nyc-edge-02 router',
      'nyc-infra-01 member',
      'nyc-raw-01 host',
    ]);
  });

  test('hosts at DigitalOcean are members without an address, unless they say otherwise', () => {
    expect(host('sin-app-01')).toMatchObject({
      kind: 'member',
      server: { type: 's-1vcpu-1gb', image: 'debian-12-x64' },
      node: { tags: ['tag:app', 'tag:site-ap-sin'], advertises: [], acceptRoutes: true },
    });
    expect(host('sin-raw-01')).toMatchObject({ kind: 'host', managed: { release: { packages: {} } } });
    for (const name of ['sin-app-01', 'sin-raw-01', 'nyc-edge-01']) expect(host(name)).not.toHaveProperty('lan');
    expect(host('sin-raw-01')).not.toHaveProperty('node');
  });

  test('existing hosts have a way instead of a server, and one that nobody logs in to is an address', () => {
    expect(host('gra-edge-01')).toMatchObject({
      lan: '10.77.40.2',
      ssh: { host: '198.51.100.10', port: 22, user: 'ops', hostKey: PUBLIC_KEY },
    });
    expect(host('gra-edge-01')).not.toHaveProperty('server');
    expect(host('gra-edge-01').managed?.spec).not.toHaveProperty('ssh');
    const { managed, node, ssh, lan } = host('gra-nas-01');
    expect([managed, node, ssh, lan]).toEqual([undefined, undefined, undefined, '10.77.40.20']);
    expect(site('eu-gra').firewalls).toEqual({});
  });

  test('servers of ours let in the deploy key and what stands beside it, whatever their order', () => {
    const other = PUBLIC_KEY.replace('deploy@', 'next@');
    const keysOf = (ssh: object): unknown => {
      const raw = wideRaw();
      return hostsOf(plan({ ...raw, ssh: { ...raw.ssh, ...ssh } })).find(({ name }) => name === 'fra-db-01')?.managed
        ?.spec.ssh;
    };
    const both = { user: 'ops', authorizedKeys: [PUBLIC_KEY, other].sort() };
    expect(keysOf({ alsoPublicKeys: [other] })).toEqual(both);
    expect(keysOf({ publicKey: other, alsoPublicKeys: [PUBLIC_KEY] })).toEqual(both);
    expect(keysOf({ alsoPublicKeys: [PUBLIC_KEY] })).toEqual({ user: 'ops', authorizedKeys: [PUBLIC_KEY] });
  });

  test('way, login and port of an existing host come from the host, else its site, else the stack', () => {
    const raw = wideRaw();
    const via = { host: 'jump.example.com', user: 'jump', hostKey: PUBLIC_KEY };
    const gra = raw.sites['eu-gra'];
    const [first, second] = gra.routers;
    if (!first || !second) throw new Error('the wide stack has two routers there');
    const own = { ...second, ssh: { ...second.ssh, port: 23, user: 'root', via: { ...via, port: 24 } } };
    const chosen = plan({
      ...raw,
      ssh: { ...raw.ssh, via: { ...via, host: 'main.example.com' } },
      sites: {
        ...raw.sites,
        'eu-gra': { ...gra, ssh: { user: 'debian', port: 2200, via }, routers: [first, own] },
        'eu-par': {
          cloud: 'existing',
          cidr: '10.77.50.0/24',
          routers: [{ ...first, name: 'par-01', lan: '10.77.50.2' }],
        },
      },
    });
    const ways = hostsOf(chosen).flatMap(({ name, ssh }) =>
      ssh ? [[name, ssh.user, ssh.port, ssh.via?.host, ssh.via?.port]] : [],
    );
    expect(ways).toEqual([
      ['gra-edge-01', 'debian', 2200, 'jump.example.com', 22],
      ['gra-edge-02', 'root', 23, 'jump.example.com', 24],
      ['par-01', 'ops', 22, 'main.example.com', 22],
    ]);
  });

  test('hosts hear of a LAN gateway only where it lies outside their prefix: inside, the prefix says it', () => {
    const raw = wideRaw();
    const fra = {
      ...raw.sites['eu-fra'],
      cidr: '10.77.0.0/24',
      routers: [{ name: 'fra-edge-01', lan: '10.77.0.2' }],
      hosts: [{ name: 'fra-db-01', lan: '10.77.0.10' }],
    };
    const gra = { ...raw.sites['eu-gra'], gateway: '10.77.40.254' };
    const gateways = (of: MeshPlan) =>
      of.sites.map(({ name, gateway, routers }) => [name, gateway, routers[0]?.managed?.spec.lan.gateway]);
    expect(gateways(made)).toEqual([
      ['ap-sin', undefined, undefined],
      ['eu-fra', '10.77.0.1', '10.77.0.1'],
      ['eu-gra', undefined, undefined],
      ['us-nyc', undefined, undefined],
    ]);
    expect(gateways(plan({ ...raw, sites: { ...raw.sites, 'eu-fra': fra, 'eu-gra': gra } }))).toEqual([
      ['ap-sin', undefined, undefined],
      ['eu-fra', '10.77.0.1', undefined],
      ['eu-gra', '10.77.40.254', undefined],
      ['us-nyc', undefined, undefined],
    ]);
  });

  test('only a cloud network whose sources are kept gets routes, one for each other site with routers', () => {
    expect(made.sites.flatMap(({ routes }) => routes)).toEqual([]);
    const raw = wideRaw();
    const fra = { ...raw.sites['eu-fra'], snat: false, vip: '10.77.10.254' };
    const kept = plan({ ...raw, sites: { ...raw.sites, 'eu-fra': fra } });
    expect(kept.sites.map(({ name, routes, snat: { on } }) => [name, on, routes])).toEqual([
      ['ap-sin', false, []],
      [
        'eu-fra',
        false,
        [
          { site: 'us-nyc', destination: '10.77.30.0/24', gateway: '10.77.10.254' },
          { site: 'eu-gra', destination: '10.77.40.0/24', gateway: '10.77.10.254' },
        ],
      ],
      ['eu-gra', false, []],
      ['us-nyc', true, []],
    ]);
  });

  test('says at which sites sources are kept, and why not elsewhere', () => {
    expect(site('eu-gra').snat).toEqual({ on: false, why: expect.stringContaining('10.77.40.1') as string });
    expect(site('us-nyc').snat).toEqual({ on: true, why: expect.stringContaining('DigitalOcean drops') as string });
    expect(site('ap-sin').snat.why).toBe('no subnet router forwards anything');
    expect(hostsOf(made).flatMap(({ node, kind }) => (kind === 'router' ? [node?.snat] : []))).toEqual([
      true,
      true,
      false,
      false,
      true,
      true,
    ]);
  });

  test('tells for each site what its LAN hosts can and cannot do, and what is left to their owner', () => {
    expect(made.notes.filter((note) => /eu-gra|ap-sin/.test(note))).toEqual([
      'LAN hosts of ap-sin cannot open connections into the mesh: ap-sin has no subnet router',
      "LAN hosts of eu-gra can open connections through 10.77.40.1, where a rule permits it: to LAN hosts of other sites and to members; each needs routes to 10.77.0.0/16 and 100.64.0.0/10 through it, or its LAN's own router has them",
      expect.stringMatching(/^eu-gra: a firewall before its hosts is yours/),
      'eu-gra: nothing is configured on gra-nas-01 (no ssh: an address in the policy)',
      // The source site has members, whom the rule serves, and one LAN host, whom it cannot.
      'site:ap-sin → postgres: LAN hosts of ap-sin cannot open connections into the mesh: ap-sin has no subnet router',
    ]);
  });

  test('an account is a site’s own, the default one, or none', () => {
    const raw = wideRaw();
    const chosen = plan({ ...raw, sites: { ...raw.sites, 'eu-fra': { ...raw.sites['eu-fra'], account: 'fra' } } });
    expect(chosen.sites.map(({ account }) => account)).toEqual(['default', 'fra', undefined, 'default']);
  });
});

test('commands of a site reach its routers, its other hosts or all; one of a host stands for the site’s of that name', () => {
  const raw = wideRaw();
  const nyc = raw.sites['us-nyc'];
  const commands = {
    b: { run: 'everywhere' },
    a: { run: 'on routers', on: 'routers', timeout: 5 },
    c: { run: 'elsewhere', on: 'hosts' },
  };
  const [first, ...others] = nyc.hosts;
  const own = { ...first, commands: { c: { run: 'my own' }, d: { run: 'more' } } };
  const gra = { ...raw.sites['eu-gra'], commands };
  const made = plan({
    ...raw,
    sites: { ...raw.sites, 'eu-gra': gra, 'us-nyc': { ...nyc, commands, hosts: [own, ...others] } },
  });
  const told = hostsOf(made).flatMap((host) =>
    host.commands.map(({ name, script, timeout }) => `${host.name}: ${name} ${script} ${timeout}`),
  );
  expect(told.filter((line) => line.includes('-01:'))).toEqual([
    'gra-edge-01: a on routers 5',
    'gra-edge-01: b everywhere 600',
    'nyc-edge-01: a on routers 5',
    'nyc-edge-01: b everywhere 600',
    'nyc-infra-01: b everywhere 600',
    'nyc-infra-01: c my own 600',
    'nyc-infra-01: d more 600',
    'nyc-raw-01: b everywhere 600',
    'nyc-raw-01: c elsewhere 600',
  ]);
});
