import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { interpret } from '../../../lab/tailnet/policy/index.ts';
import { hostsOf, planMesh } from '../../../mesh/plan/index.ts';
import type { HostPlan, MeshPlan } from '../../../mesh/plan/types.ts';
import { accepted, anyMesh, sixRaw, SUPERNET6, wideRaw } from './fixtures.ts';
import { NOW } from '../../now.ts';

const PREFIX = 'fd12:3456:789a:40::/64';
const at = (last: string): string => `fd12:3456:789a:40::${last}`;
const RULES = '/etc/systemd/system/site-mesh-rules.service';
const NFT = '/etc/site-mesh/site.nft';

type Raw = Record<string, unknown>;
const plan = (raw: Raw): MeshPlan => planMesh(accepted(raw), { stack: 'test', now: NOW });
const hosts = ({ sites }: MeshPlan): HostPlan[] => sites.flatMap(hostsOf);
const site = (made: MeshPlan, name: string) => made.sites.find((one) => one.name === name);
const said = (host: HostPlan | undefined, path: string): string => host?.managed?.release.files[path]?.content ?? '';

describe('a LAN with IPv6', () => {
  const made = plan(sixRaw());
  const gra = site(made, 'eu-gra');

  test('stands in the plan beside IPv4: prefix, shared address, addresses, and what both routers advertise', () => {
    expect(made.network.supernet6).toBe(SUPERNET6);
    expect(gra).toMatchObject({
      cidr6: PREFIX,
      vip6: at('1'),
      snat: { why: expect.stringContaining(at('1')) as string },
    });
    expect([...(gra?.routers ?? []), ...(gra?.hosts ?? [])].map(({ lan6 }) => lan6)).toEqual([
      at('2'),
      at('3'),
      at('20'),
    ]);
    expect(gra?.routers.map(({ node }) => node?.advertises)).toEqual([1, 2].map(() => ['10.77.40.0/24', PREFIX]));
  });

  test('is none of the other sites’: their plans are what they are without it', () => {
    const without = plan(wideRaw());
    for (const { name } of without.sites.filter((one) => one.name !== 'eu-gra'))
      expect(site(made, name)).toEqual(site(without, name));
    expect(hosts(without).some((host) => 'lan6' in host)).toBe(false);
    expect(without.network).not.toHaveProperty('supernet6');
  });

  test('keeps its own prefix out of the tunnel, and nodes’ addresses off the LAN, in both families', () => {
    const [router] = gra?.routers ?? [];
    for (const rule of [
      `-6 rule add pref 2500 to ${PREFIX} lookup main`,
      '-6 rule add pref 2501 from $LANADDR6 lookup main',
      `-6 rule add pref 5271 to ${SUPERNET6} unreachable`,
      '-4 rule add pref 2500 to 10.77.40.0/24 lookup main',
    ])
      expect(said(router, RULES)).toContain(`ExecStart=/usr/sbin/ip ${rule}\n`);
    expect(said(router, NFT)).toContain('oifname $LANIF ip6 saddr fd7a:115c:a1e0::/48 counter masquerade');
    for (const other of [site(made, 'eu-fra')?.routers[0], site(plan(wideRaw()), 'eu-gra')?.routers[0]]) {
      expect(said(other, RULES)).not.toMatch(/ExecStart=.* -6 /);
      expect(said(other, NFT)).not.toContain('ip6 saddr');
    }
  });

  test('tells its owner which routes LAN hosts need in either family', () => {
    const [note] = made.notes.filter((one) => one.startsWith('LAN hosts of eu-gra can'));
    expect(note).toContain(`and to ${SUPERNET6} and fd7a:115c:a1e0::/48 through ${at('1')}`);
    expect(plan(wideRaw()).notes.join()).not.toContain('fd7a');
  });
});

describe('the policy for a LAN with IPv6', () => {
  const raw = sixRaw();
  const rules = [
    { from: ['role:app'], to: 'backup', why: 'nightly' },
    { from: ['role:backup'], to: 'postgres', why: 'restores' },
    { from: ['group:sre'], to: 'backup', why: 'on call' },
  ];
  const made = plan({ ...raw, access: rules });
  const app = { addresses: ['100.64.0.9', 'fd7a:115c:a1e0::9'], tags: ['tag:app', 'tag:site-ap-sin'] };
  const lab = interpret(made.policy.text, { nodes: [app] });
  const passes = (src: string, dst: string, port: number): boolean => lab.allowed({ src, dst, proto: 'tcp', port });

  test('approves both prefixes from the site’s routers, and neither from others', () => {
    const approved = (tags: string[]): boolean[] =>
      ['10.77.40.0/24', PREFIX].map((route) => lab.approvesRoute(route, { addresses: ['100.64.0.1'], tags }));
    expect(approved(['tag:router-eu-gra'])).toEqual([true, true]);
    expect(approved(['tag:router-eu-fra', 'tag:router'])).toEqual([false, false]);
  });

  test('permits what a rule says in both families, and no neighbour', () => {
    for (const [src, dst, none] of [
      ['100.64.0.9', '10.77.40.20', '10.77.40.21'],
      ['fd7a:115c:a1e0::9', at('20'), at('21')],
      ['grace@example.com', at('20'), at('21')],
    ] as const) {
      expect([passes(src, dst, 873), passes(src, dst, 22), passes(src, none, 873)], src).toEqual([true, false, false]);
    }
    expect([passes(at('20'), '10.77.10.10', 5432), passes(at('21'), '10.77.10.10', 5432)]).toEqual([true, false]);
  });

  test('lets a whole site in by both of its prefixes, and its routers see each other by either', () => {
    const open = plan({ ...raw, access: [{ from: ['site:eu-gra'], to: 'api', why: 'calls' }] });
    const judge = interpret(open.policy.text, {
      nodes: [app, { addresses: ['100.64.0.1'], tags: ['tag:router-eu-gra'] }],
    });
    const reaches = (src: string): boolean =>
      judge.allowed({ src, dst: 'fd7a:115c:a1e0::9', proto: 'tcp', port: 8443 });
    expect([at('99'), 'fd12:3456:789a:41::99', '10.77.40.99'].map(reaches)).toEqual([true, false, true]);
    expect(judge.allowed({ src: '100.64.0.1', dst: at('3'), proto: 'icmp' })).toBe(true);
    expect(judge.allowed({ src: '100.64.0.1', dst: at('3'), proto: 'tcp', port: 22 })).toBe(false);
  });

  test('tests itself in either family, each within itself, and notices a grant that only one of them has', () => {
    expect(lab.failingTests()).toEqual([]);
    const told = lab.policy.tests.map(({ src, accept, deny }) => [src, accept, deny]);
    expect(told).toContainEqual(['group:sre', ['gra-nas-01:873', 'gra-nas-01-v6:873'], expect.arrayContaining(['gra-nas-01-v6:22'])]); // prettier-ignore
    expect(told).toContainEqual(['gra-nas-01', ['fra-db-01:5432'], ['fra-db-01:22']]);
    expect(
      told.filter(([src]) => src === 'gra-nas-01-v6'),
      'nobody has IPv6 there',
    ).toEqual([]);
    const half = made.policy.text.replaceAll('"gra-nas-01", "gra-nas-01-v6"', '"gra-nas-01"');
    expect(half).not.toBe(made.policy.text);
    expect(interpret(half).failingTests().map(({ user }) => user)).toEqual(['group:sre']); // prettier-ignore
  });
});

test('a host without an IPv6 address stays one of IPv4, on a LAN that has both', () => {
  const raw = sixRaw();
  const { hosts: few } = wideRaw().sites['eu-gra'];
  expect(few.some((host) => 'lan6' in host)).toBe(false);
  const made = plan({ ...raw, sites: { ...raw.sites, 'eu-gra': { ...raw.sites['eu-gra'], hosts: few } } });
  expect(made.policy.text).not.toContain('gra-nas-01-v6');
  expect(made.policy.text).toContain('"gra-nas-01"');
});

test('a LAN with IPv6 may masquerade: no shared address, tailscaled does it for LANs and our rules for members, in both families', () => {
  const raw = sixRaw();
  const { snat, vip, vip6, ...gra } = raw.sites['eu-gra'];
  expect([snat, vip, vip6]).toEqual([false, '10.77.40.1', at('1')]);
  const made = plan({ ...raw, sites: { ...raw.sites, 'eu-gra': gra } });
  const [router] = site(made, 'eu-gra')?.routers ?? [];
  expect(router?.node).toMatchObject({ snat: true, advertises: ['10.77.40.0/24', PREFIX] });
  expect(said(router, NFT)).toContain('ip6 saddr fd7a:115c:a1e0::/48 counter masquerade');
});

test('for any mesh IPv6 permits between two hosts exactly what IPv4 does', () => {
  let permitted = 0;
  fc.assert(
    fc.property(anyMesh, (raw) => {
      const made = plan(raw);
      const nodes = hosts(made).flatMap(({ node }, n) =>
        node
          ? [{ addresses: [`100.64.0.${n + 1}`, `fd7a:115c:a1e0::${n + 1}`], tags: node.tags, routes: node.advertises }]
          : [],
      );
      const lan = hosts(made).flatMap(({ node, lan: four, lan6 }) => (node || !four || !lan6 ? [] : [[four, lan6]]));
      const strangers = made.sites.flatMap(({ cidr, cidr6 }) =>
        cidr6 ? [[cidr.replace(/0\/24$/, '200'), cidr6.replace('/64', 'c8')]] : [],
      );
      const lab = interpret(made.policy.text, { nodes });
      const pairs = [...nodes.map(({ addresses }) => addresses), ...lan, ...strangers];
      for (const [from4 = '', from6 = ''] of pairs)
        for (const [to4 = '', to6 = ''] of pairs)
          for (const [proto, port] of [
            ['tcp', 22],
            ['tcp', 443],
            ['tcp', 8005],
            ['udp', 53],
          ] as const) {
            const four = lab.allowed({ src: from4, dst: to4, proto, port });
            permitted += Number(four && (from6 + to6).includes('fd12'));
            expect(lab.allowed({ src: from6, dst: to6, proto, port }), `${from6} ${to6} ${proto}/${port}`).toBe(four);
          }
    }),
    { numRuns: 100 },
  );
  expect(permitted).toBeGreaterThan(0);
});
