import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Graph } from '../../../../cli/graph/model.ts';
import { hostsOf, planMesh } from '../../../../mesh/plan/index.ts';
import { accepted, anyMesh, validRaw } from '../../mesh/fixtures.ts';
import { anyPicture, graphOf, manySites, twentySites } from './fixtures.ts';
import { NOW } from '../../../now.ts';

/** What the arrows say, one permission a line. */
function drawn({ sites, hubs }: Graph): Set<string> {
  const siteOf = new Map(sites.flatMap(({ name, hosts }) => hosts.map((host) => [host.name, name] as const)));
  return new Set(
    hubs.flatMap(({ ports, grants, hosts }) =>
      grants.flatMap(({ source, elsewhere, why }) =>
        hosts
          .filter((host) => !elsewhere || siteOf.get(host) !== source.replace(/^site:|^.*LAN of /, ''))
          .flatMap((host) => why.map((reason) => `${source} → ${host} ${ports.join(' ')} (${reason})`)),
      ),
    ),
  );
}

function permitted(raw: Record<string, unknown>): Set<string> {
  const { access } = planMesh(accepted(raw), { stack: 'test', now: NOW }).policy;
  const written = access.filter(({ implicit }) => !implicit);
  return new Set(written.map(({ from, to, ports, why }) => `${from} → ${to} ${ports.join(' ')} (${why})`));
}

/** Reasons are told for a hub as a whole: a source with two rules to one service may have either for a host. */
const withoutReasons = (lines: Set<string>): Set<string> => new Set([...lines].map((one) => one.replace(/ \(.*$/, '')));

describe('the graph', () => {
  test('says of everybody what the plan permits, and nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(anyMesh, anyPicture), (raw) => {
        const [shown, asked] = [drawn(graphOf(raw)), permitted(raw)];
        expect(withoutReasons(shown)).toEqual(withoutReasons(asked));
        for (const line of asked) expect(shown).toContain(line);
      }),
      { numRuns: 60 },
    );
  });

  test('a rule that goes away takes its arrow with it', () => {
    const raw = validRaw();
    expect(drawn(graphOf(raw))).toContain('group:sre → fra-edge-01 tcp/22 (on call)');
    expect(drawn(graphOf({ ...raw, access: raw.access.slice(0, 1) }))).not.toContain('group:sre → fra-edge-01 tcp/22 (on call)'); // prettier-ignore
  });

  test('has every site and host of the plan, routers first, the primary of them as A', () => {
    const raw = { ...validRaw(), sites: manySites(3, 2), services: {}, access: [] };
    const plan = planMesh(accepted(raw), { stack: 'test', now: NOW });
    const { sites } = graphOf(raw);
    expect(sites.map(({ name, hosts }) => [name, hosts.map((host) => host.name)])).toEqual(
      plan.sites.map((site) => [site.name, hostsOf(site).map(({ name }) => name)]),
    );
    expect(sites[0]?.hosts.map(({ standing }) => standing)).toEqual(['A', 'standby', undefined, undefined]);
    expect(sites.map(({ where, lan, snat }) => [where, lan, snat])).toEqual([
      ['DigitalOcean · nyc3', 'VPC', 'SNAT on'],
      ['existing hosts', 'switched LAN', 'SNAT off, VIP 10.77.3.1'],
      ['Hetzner · fsn1', 'layer-3 network', 'SNAT on'],
    ]);
    expect(sites.map(({ hosts }) => [hosts[2]?.kind, hosts[2]?.lan, hosts[2]?.machine])).toEqual([
      ['member', 'assigned', 's-1vcpu-1gb'],
      ['host', '10.77.3.10', 'not logged in to'],
      ['host', '10.77.1.10', 'cx23'],
    ]);
    expect(sites[1]?.hosts[0]).toMatchObject({ machine: '198.51.100.9', advertises: ['10.77.3.0/24'] });
  });

  test('tells who a source stands for', () => {
    const access = [{ from: ['group:sre', 'site:do-1', 'role:router'], to: 'ssh', why: 'on call' }];
    const services = { ssh: { on: ['role:router'], ports: ['tcp/22'] } };
    const { sources } = graphOf({ ...validRaw(), sites: manySites(2, 1), services, access });
    expect(sources.map(({ name, kind, detail, members }) => [name, kind, detail, members.join(' ')])).toEqual([
      ['group:sre', 'group', '1 person', 'grace@example.com'],
      ['role:router', 'role', '4 members at 2 sites', 's1-edge-1 s1-edge-2 s0-edge-1 s0-edge-2'],
      ['site:do-1', 'site', '3 members', 's1-edge-1 s1-edge-2 s1-host-0'],
    ]);
  });

  test('twenty sites that reach each other’s LANs share one hub, which says that nobody reaches its own', () => {
    const backup = graphOf(twentySites()).hubs.filter(({ service }) => service === 'backup');
    expect(backup).toHaveLength(1);
    const own = backup[0]?.grants.filter(({ elsewhere }) => elsewhere).map(({ source }) => source);
    expect(own).toContain('site:hz-0');
    expect(own).not.toContain('site:do-1');
  });

  test('the permission that the mesh needs for itself stands at its site', () => {
    const [site] = graphOf(validRaw()).sites;
    expect(site?.control).toEqual(['control: its routers may reach its LAN, icmp/*']);
    const alone = validRaw();
    alone.sites['eu-fra'].routers.pop();
    expect(graphOf(alone).sites[0]?.control).toEqual([]);
  });
});
