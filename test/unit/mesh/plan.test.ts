import { describe, expect, test } from 'vitest';
import { planMesh } from '../../../mesh/plan/index.ts';
import type { HostPlan, MeshPlan } from '../../../mesh/plan/types.ts';
import { accepted, validRaw } from './fixtures.ts';
import { NOW } from '../../now.ts';

const plan = (raw: Record<string, unknown>): MeshPlan => planMesh(accepted(raw), { stack: 'test', now: NOW });
const hostsOf = (made: MeshPlan): HostPlan[] => made.sites.flatMap((site) => [...site.routers, ...site.hosts]);

describe('the plan of the one-site stack', () => {
  const made = plan(validRaw());
  const [site] = made.sites;

  test('puts the gateway at the first address of the whole network, not of the site', () => {
    expect(site).toMatchObject({
      supernet: '10.77.0.0/16',
      cidr: '10.77.10.0/24',
      gateway: '10.77.0.1',
      networkZone: 'eu-central',
    });
  });

  test('routers are members that advertise their site; the LAN host is none', () => {
    expect(site?.routers.map(({ node }) => node)).toEqual([
      {
        tailnet: 'acme-test',
        hostname: 'fra-edge-01',
        tags: ['tag:router', 'tag:router-eu-fra', 'tag:site-eu-fra'],
        advertises: ['10.77.10.0/24'],
        acceptRoutes: true,
        snat: true,
        ssh: false,
      },
      {
        tailnet: 'acme-test',
        hostname: 'fra-edge-02',
        tags: ['tag:router', 'tag:router-eu-fra', 'tag:site-eu-fra'],
        advertises: ['10.77.10.0/24'],
        acceptRoutes: true,
        snat: true,
        ssh: false,
      },
    ]);
    expect(site?.hosts.map(({ name, node, managed }) => [name, node, managed?.spec.router])).toEqual([
      ['fra-db-01', undefined, undefined],
    ]);
    expect(site?.hosts[0]?.managed?.spec).not.toHaveProperty('member');
  });

  test('routers pin tailscale, the LAN host installs nothing', () => {
    expect(site?.routers[0]?.managed?.release.packages).toEqual({ tailscale: '1.102.3' });
    expect(site?.hosts[0]?.managed?.release.packages).toEqual({});
  });

  test('defaults of the cloud fill what a site leaves open; the host’s own value wins over the site’s', () => {
    expect(site?.hosts[0]?.server).toEqual({
      type: 'cx23',
      image: 'debian-12',
      account: 'default',
      fqdn: 'fra-db-01.mesh.acme.internal',
    });
    const raw = validRaw();
    const chosen = plan({
      ...raw,
      sites: {
        'eu-fra': {
          ...raw.sites['eu-fra'],
          serverType: 'cx33',
          hosts: [{ name: 'fra-db-01', lan: '10.77.10.10', serverType: 'cpx11' }],
        },
      },
    });
    expect(hostsOf(chosen).map(({ server }) => server?.type)).toEqual(['cx33', 'cx33', 'cpx11']);
  });

  test('backups are bought where the host says so, or its site for all that do not', () => {
    const raw = validRaw();
    const planned = (own: object, ofSite: object) =>
      plan({
        ...raw,
        sites: {
          'eu-fra': { ...raw.sites['eu-fra'], ...ofSite, hosts: [{ name: 'fra-db-01', lan: '10.77.10.10', ...own }] },
        },
      });
    const backups = (own: object, ofSite: object) =>
      hostsOf(planned(own, ofSite)).map(({ server }) => server?.backups ?? false);
    expect(backups({}, {})).toEqual([false, false, false]);
    expect(backups({ backups: true }, {})).toEqual([false, false, true]);
    expect(backups({ backups: false }, { backups: true })).toEqual([true, true, false]);
  });

  test('says what a reader might not expect', () => {
    expect(made.notes).toEqual([
      'LAN hosts of eu-fra cannot open connections into the mesh: the routers of eu-fra masquerade what they forward and share no address (vip) that leads its LAN into the mesh',
      "LAN hosts of eu-fra see the active router's LAN address as the client of what comes through the mesh",
    ]);
    const raw = validRaw();
    raw.sites['eu-fra'].routers.pop();
    const lonely = plan({ ...raw, groups: { ...raw.groups, idle: ['bob@example.com'] } });
    expect(lonely.notes.join('\n')).toContain('eu-fra has one subnet router');
    expect(lonely.notes.join('\n')).toContain('group idle is named by no access rule');
  });

  test('a router alone needs no partner, so nothing is permitted for one', () => {
    const raw = validRaw();
    raw.sites['eu-fra'].routers.pop();
    expect(plan(raw).policy.access.filter(({ implicit }) => implicit)).toEqual([]);
  });

  test('holds no key material but public keys', () => {
    expect(JSON.stringify(plan({ ...validRaw(), sshPrivateKey: 'sentinel' }))).not.toContain('sentinel');
  });
});

test('a second site changes no router of the first: routes are taken and the supernet guarded from the beginning', () => {
  const raw = validRaw();
  const second = {
    cloud: 'hetzner',
    location: 'hel1',
    cidr: '10.77.20.0/24',
    routers: [{ name: 'hel-edge-01', lan: '10.77.20.2' }],
  };
  const made = plan({ ...raw, sites: { ...raw.sites, 'eu-hel': second } });
  expect(made.sites.map(({ name }) => name)).toEqual(['eu-fra', 'eu-hel']);
  expect(made.sites[0]).toEqual(plan(raw).sites[0]);
  expect(hostsOf(made).flatMap(({ node }) => node?.acceptRoutes ?? [])).toEqual([true, true, true]);
});

test('a service may name a router, which then carries a tag of its own; its partner does not', () => {
  const raw = validRaw();
  const made = plan({ ...raw, services: { ...raw.services, ssh: { on: ['fra-edge-01'], ports: ['tcp/22'] } } });
  const tags = hostsOf(made).map(({ node }) => node?.tags.filter((tag) => tag.startsWith('tag:host-')));
  expect(tags).toEqual([['tag:host-fra-edge-01'], [], undefined]);
  expect(made.policy.text).toContain('"dst": ["tag:host-fra-edge-01"]');
  expect(made.policy.text).not.toContain('host-fra-edge-02');
});

test('a site may open connections to another site’s LAN host, from its members', () => {
  const raw = validRaw();
  const second = {
    cloud: 'hetzner',
    location: 'hel1',
    cidr: '10.77.20.0/24',
    routers: [{ name: 'hel-edge-01', lan: '10.77.20.2' }],
  };
  const made = plan({
    ...raw,
    sites: { ...raw.sites, 'eu-hel': second },
    access: [{ from: ['site:eu-hel', 'group:sre'], to: 'postgres', why: 'replicates' }],
  });
  expect(made.policy.access.filter(({ implicit }) => !implicit).map(({ from, to }) => [from, to])).toEqual([
    ['group:sre', 'fra-db-01'],
    ['site:eu-hel', 'fra-db-01'],
  ]);
  expect(made.policy.text).toContain('"src": ["group:sre", "tag:site-eu-hel"]');
});

test('where one source reaches fewer hosts than another, each gets a rule of its own', () => {
  const raw = validRaw();
  const second = {
    cloud: 'hetzner',
    location: 'hel1',
    cidr: '10.77.20.0/24',
    routers: [{ name: 'hel-edge-01', lan: '10.77.20.2' }],
    hosts: [{ name: 'hel-db-01', lan: '10.77.20.10', roles: ['db'] }],
  };
  const made = plan({
    ...raw,
    sites: { ...raw.sites, 'eu-hel': second },
    services: { ...raw.services, postgres: { on: ['role:db'], ports: ['tcp/5432'] } },
    access: [{ from: ['site:eu-hel', 'group:sre'], to: 'postgres', why: 'replicates' }],
  });
  expect(made.policy.access.filter(({ implicit }) => !implicit).map(({ from, to }) => [from, to])).toEqual([
    ['group:sre', 'fra-db-01'],
    ['group:sre', 'hel-db-01'],
    ['site:eu-hel', 'fra-db-01'],
  ]);
  expect(made.policy.text).toMatch(/"src": \["tag:site-eu-hel"\],\n\t\t\t"dst": \["fra-db-01"\]/);
  expect(made.notes.join('\n')).toContain('stand on the LAN of eu-hel');
});
