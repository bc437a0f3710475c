import fc from 'fast-check';
import { parse } from 'jsonc-parser';
import { describe, expect, test } from 'vitest';
import { interpret } from '../../../lab/tailnet/policy/index.ts';
import { inside, overlaps } from '../../../mesh/config/cidr.ts';
import { inside6 } from '../../../mesh/config/cidr6.ts';
import { hostsOf as hostsAt, planMesh } from '../../../mesh/plan/index.ts';
import type { HostPlan, MeshPlan, SitePlan } from '../../../mesh/plan/types.ts';
import { accepted, anyMesh, repaired, reversed } from './fixtures.ts';
import { NOW } from '../../now.ts';

type Raw = Record<string, unknown>;
type Sites = Record<string, { cloud: string; routers: { name: string }[]; hosts: { name: string }[] }>;
const plan = (raw: Raw): MeshPlan => planMesh(accepted(raw), { stack: 'test', now: NOW });
const hostsOf = ({ sites }: MeshPlan): HostPlan[] => sites.flatMap(hostsAt);
const sitesOf = (raw: Raw): Sites => raw.sites as Sites;

/** Everything of a plan that becomes a resource of one site, but for the routes of its cloud network. */
const untouched = ({ sites }: MeshPlan, but: string): SitePlan[] =>
  sites.filter(({ name }) => name !== but).map((site) => ({ ...site, routes: [] }));
const routesOf = ({ sites }: MeshPlan, but: string): string[] =>
  sites
    .filter(({ name }) => name !== but)
    .flatMap(({ name, routes }) => routes.map((route) => `${name} ${route.destination}`));

describe('the plan of any mesh', () => {
  test('does not depend on the order of anything, byte for byte', () => {
    fc.assert(
      fc.property(anyMesh, (raw) => {
        const text = JSON.stringify(plan(raw));
        expect(JSON.stringify(plan(reversed(raw) as Raw))).toBe(text);
        expect(JSON.stringify(plan(structuredClone(raw)))).toBe(text);
      }),
      { numRuns: 80 },
    );
  });

  test('would differ if an entry counted: reversing keeps what it turns', () => {
    const changed = fc.sample(anyMesh, 50).filter((raw) => JSON.stringify(reversed(raw)) !== JSON.stringify(raw));
    expect(changed).toHaveLength(50);
  });

  test('holds names and addresses once, and prefixes apart and inside the supernet', () => {
    fc.assert(
      fc.property(anyMesh, (raw) => {
        const made = plan(raw);
        const names = hostsOf(made).map(({ name }) => name);
        const addresses = [
          ...hostsOf(made).flatMap(({ lan, lan6 }) => [lan ?? [], lan6 ?? []].flat()),
          ...made.sites.flatMap(({ vip, vip6 }) => [vip ?? [], vip6 ?? []].flat()),
        ];
        expect(new Set(names).size).toBe(names.length);
        expect(new Set(addresses).size).toBe(addresses.length);
        for (const [index, { cidr, cidr6, vip, vip6, routers, hosts }] of made.sites.entries()) {
          expect(inside(cidr, made.network.supernet)).toBe(true);
          for (const other of made.sites.slice(index + 1)) {
            expect(overlaps(cidr, other.cidr)).toBe(false);
            if (cidr6 !== undefined) expect(cidr6).not.toBe(other.cidr6);
          }
          if (cidr6 !== undefined) expect(inside6(cidr6, made.network.supernet6 ?? '')).toBe(true);
          for (const address of [vip6, ...[...routers, ...hosts].map(({ lan6 }) => lan6)])
            if (address !== undefined) expect(inside6(address, cidr6 ?? '')).toBe(true);
          for (const address of [vip, ...[...routers, ...hosts].map(({ lan }) => lan)])
            if (address !== undefined) expect(inside(address, cidr)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('has every router of a site advertise its prefixes and nothing else, and no other member anything', () => {
    fc.assert(
      fc.property(anyMesh, (raw) => {
        for (const site of plan(raw).sites) {
          const own = site.cidr6 === undefined ? [site.cidr] : [site.cidr, site.cidr6];
          expect(site.routers.map(({ node }) => node?.advertises)).toEqual(site.routers.map(() => own));
          expect(site.routers.map(({ managed }) => managed?.spec.router?.advertises)).toEqual(
            site.routers.map(() => own),
          );
          for (const { node, managed } of site.hosts) {
            expect(node?.advertises ?? []).toEqual([]);
            expect(managed?.spec.router).toBeUndefined();
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test('names no LAN address of a host at DigitalOcean, in the plan or the policy', () => {
    fc.assert(
      fc.property(anyMesh, (raw) => {
        const made = plan(raw);
        const text = JSON.stringify(made);
        for (const { cidr, cloud } of made.sites) {
          const named = [...text.matchAll(/\d+\.\d+\.\d+\.\d+(?:\/\d+)?/g)]
            .map(([address]) => address)
            .filter((address) => address !== cidr && inside(address.split('/')[0] ?? '', cidr));
          if (cloud === 'digitalocean') expect(named).toEqual([]);
          else if (cloud === 'hetzner') expect(named.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('gives each kind of host its firewall, with only the overlay port of members open to the world', () => {
    fc.assert(
      fc.property(anyMesh, (raw) => {
        for (const site of plan(raw).sites) {
          const here = site.cloud === 'existing' ? [] : hostsAt(site).map(({ kind }) => kind);
          expect(new Set(Object.keys(site.firewalls))).toEqual(new Set(here));
          for (const [kind, rules] of Object.entries(site.firewalls)) {
            const world = rules.filter(({ sources }) => sources.some((source) => source.endsWith('/0')));
            expect(world.map(({ protocol, port }) => `${protocol}/${port ?? ''}`)).toEqual(
              kind === 'host' ? [] : ['udp/41641'],
            );
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  test('gives every permission a reason, ports, and ends that exist', () => {
    fc.assert(
      fc.property(anyMesh, (raw) => {
        const made = plan(raw);
        const names = new Set(hostsOf(made).map(({ name }) => name));
        for (const { from, to, ports, why, implicit } of made.policy.access) {
          expect([ports.length > 0, why !== '', from !== '']).toEqual([true, true, true]);
          if (!implicit) expect(names).toContain(to);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('the policy of any mesh', () => {
  interface Grants {
    tests?: { src: string }[];
    tagOwners: Record<string, string[]>;
    grants: { src: string[]; dst: string[] }[];
    autoApprovers: { routes: Record<string, string[]> };
    groups?: Record<string, string[]>;
    hosts?: Record<string, string>;
  }
  const policyOf = (made: MeshPlan): Grants => parse(made.policy.text, [], { allowTrailingComma: true }) as Grants;

  test('owns every tag that a node carries or a grant names, and no other', () => {
    fc.assert(
      fc.property(anyMesh, (raw) => {
        const made = plan(raw);
        const { tagOwners, grants, autoApprovers } = policyOf(made);
        const carried = new Set(hostsOf(made).flatMap(({ node }) => node?.tags ?? []));
        const named = [
          ...grants.flatMap(({ src, dst }) => [...src, ...dst]),
          ...Object.values(autoApprovers.routes).flat(),
        ];
        for (const tag of named.filter((name) => name.startsWith('tag:'))) expect(carried).toContain(tag);
        expect(new Set(Object.keys(tagOwners))).toEqual(new Set([...carried, made.policy.ownerTag]));
      }),
      { numRuns: 80 },
    );
  });

  test('declares every group and host that it names, and names every one that it declares', () => {
    fc.assert(
      fc.property(anyMesh, (raw) => {
        const { grants, groups = {}, hosts = {}, tests = [] } = policyOf(plan(raw));
        const named = new Set(
          // A LAN host may be named by a test alone: that nothing passes from there.
          [...grants.flatMap(({ src, dst }) => [...src, ...dst]), ...tests.map(({ src }) => src)].filter(
            (name) => !name.startsWith('tag:'),
          ),
        );
        expect(new Set([...Object.keys(groups), ...Object.keys(hosts)])).toEqual(named);
      }),
      { numRuns: 60 },
    );
  });

  test('lets a router advertise its own site and no other', () => {
    fc.assert(
      fc.property(anyMesh, (raw) => {
        const made = plan(raw);
        const lab = interpret(made.policy.text);
        for (const { node, site } of hostsOf(made).filter((host) => host.node !== undefined))
          for (const { name, cidr, cidr6, routers } of made.sites)
            for (const prefix of cidr6 === undefined ? [cidr] : [cidr, cidr6])
              expect(lab.approvesRoute(prefix, { addresses: ['100.64.0.1'], tags: node?.tags ?? [] })).toBe(
                name === site && routers.some(({ node: own }) => own?.hostname === node?.hostname),
              );
      }),
      { numRuns: 40 },
    );
  });

  test('permits nothing more once an intent is gone', () => {
    let removed = 0;
    fc.assert(
      fc.property(anyMesh, (raw) => {
        const access = raw.access as unknown[];
        const before = plan(raw);
        const lines = (made: MeshPlan): string[] => made.policy.access.map((entry) => JSON.stringify(entry));
        for (const index of access.keys()) {
          const after = plan({ ...raw, access: access.filter((_, at) => at !== index) });
          removed += 1;
          expect(lines(before)).toEqual(expect.arrayContaining(lines(after)));
          expect(lines(after).length).toBeLessThan(lines(before).length);
          // Nodes carry what services name; who may use them is no matter of theirs.
          expect(after.sites).toEqual(before.sites);
        }
      }),
      { numRuns: 60 },
    );
    expect(removed).toBeGreaterThan(20);
  });
});

describe('one site more or less', () => {
  test('leaves every other site as it is, but for the route to it', () => {
    let compared = 0;
    fc.assert(
      fc.property(anyMesh, (raw) => {
        const before = plan(raw);
        for (const { name, cidr } of before.sites) {
          const { [name]: gone, ...rest } = sitesOf(raw);
          if (gone === undefined || Object.keys(rest).length === 0) continue;
          const after = plan(repaired({ ...raw, sites: rest }));
          compared += after.sites.length;
          expect(untouched(after, name)).toEqual(untouched(before, name));
          expect(routesOf(after, name)).toEqual(routesOf(before, name).filter((route) => !route.endsWith(` ${cidr}`)));
        }
      }),
      { numRuns: 60 },
    );
    expect(compared).toBeGreaterThan(30);
  });
});

describe('one host more or less', () => {
  /** Every mesh that lacks one host of this one and is still a mesh. */
  const without = (raw: Raw, list: 'routers' | 'hosts'): { site: string; host: string; rest: Raw }[] =>
    Object.entries(sitesOf(raw)).flatMap(([site, entry]) =>
      entry[list].flatMap(({ name: host }) => {
        const left = { ...entry, [list]: entry[list].filter(({ name }) => name !== host) };
        const enough = list === 'routers' ? left.routers.length > 0 : left.routers.length + left.hosts.length > 0;
        return enough ? [{ site, host, rest: repaired({ ...raw, sites: { ...sitesOf(raw), [site]: left } }) }] : [];
      }),
    );

  test.each(['routers', 'hosts'] as const)('leaves every other host as it is (%s)', (list) => {
    let compared = 0;
    fc.assert(
      fc.property(anyMesh, (raw) => {
        const before = plan(raw);
        for (const { site, host, rest } of without(raw, list)) {
          const after = plan(rest);
          compared += 1;
          expect(hostsOf(after)).toEqual(hostsOf(before).filter(({ name }) => name !== host));
          expect(after.sites.filter(({ name }) => name !== site)).toEqual(
            before.sites.filter(({ name }) => name !== site),
          );
          const network = ({ cidr, gateway, vip, snat, routes, account }: SitePlan) => ({
            cidr,
            gateway,
            vip,
            snat,
            routes,
            account,
          });
          expect(after.sites.map(network)).toEqual(before.sites.map(network));
        }
      }),
      { numRuns: 40 },
    );
    expect(compared).toBeGreaterThan(20);
  });
});
