import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeParts } from '../../../../mesh/host/part.ts';
import { render } from '../../../../mesh/host/render.ts';
import type { HostSpec, Release } from '../../../../mesh/host/spec.ts';
import { LAN6, SSH, memberSpec, plainSpec, routerSpec } from './specs.ts';

const NFT = '/etc/site-mesh/site.nft';
const RULES = '/etc/systemd/system/site-mesh-rules.service';
const SSHD = '/etc/ssh/sshd_config.d/00-site-mesh.conf';
const KEYS = '/etc/ssh/authorized_keys.d/ops';
const text = (release: Release, path: string): string => release.files[path]?.content ?? `nothing at ${path}`;

describe('a plain host', () => {
  test('gets the ssh hardening and nothing else', () => {
    const release = render(plainSpec());
    expect(Object.keys(release.files)).toEqual([KEYS, SSHD]);
    expect(release.units).toEqual({ 'ssh.service': { enabled: true, onChange: 'reload', watches: [SSHD] } });
    expect(release.packages).toEqual({});
  });

  test('lets in one account, by key; root only when root is that account', () => {
    expect(text(render(plainSpec()), SSHD)).toMatch(/^AllowUsers ops\nPermitRootLogin no$/m);
    expect(text(render(plainSpec({ ssh: { ...SSH, user: 'root' } })), SSHD)).toMatch(
      /^AllowUsers root\nPermitRootLogin prohibit-password$/m,
    );
    expect(text(render(plainSpec()), SSHD)).toMatch(/^PasswordAuthentication no$/m);
  });

  test('takes the keys of the release and no others: those of the first boot stop counting', () => {
    const { files, units } = render(plainSpec());
    expect(text(render(plainSpec()), SSHD)).toMatch(/^AuthorizedKeysFile \/etc\/ssh\/authorized_keys\.d\/%u$/m);
    expect(files[KEYS]).toEqual({ content: `${SSH.authorizedKeys.join('\n')}\n`, mode: '0644' });
    expect(units['ssh.service']?.watches, 'sshd reads keys at each login').not.toContain(KEYS);
  });

  test('reads its drop-in before that of cloud-init, because sshd keeps the first value', () => {
    expect([SSHD, '/etc/ssh/sshd_config.d/50-cloud-init.conf'].sort()[0]).toBe(SSHD);
  });
});

describe('an existing host', () => {
  test('keeps its sshd as its owner has it: a plain one gets nothing at all, a router all but the hardening', () => {
    const { ssh: login, ...plain } = plainSpec();
    const { ssh: same, ...router } = routerSpec();
    expect([login, same]).toEqual([SSH, SSH]);
    expect(render(plain)).toEqual({ files: {}, units: {}, packages: {} });
    const { [SSHD]: hardening, [KEYS]: keys, ...rest } = render(routerSpec()).files;
    expect([hardening, keys]).not.toContain(undefined);
    expect(render(router).files).toEqual(rest);
    expect(Object.keys(render(router).units)).not.toContain('ssh.service');
  });
});

describe('a member that is no router', () => {
  const release = render(memberSpec());

  test('keeps its own LAN out of the tunnel, and needs no way for what it does not forward', () => {
    const rules = text(release, RULES);
    expect(rules).toContain('ip -4 rule add pref 2500 to 10.77.10.0/24 lookup main\n');
    expect(rules).not.toMatch(/ExecStart=.*(2501|5271)/);
  });

  test('has tailscaled, pinned and after the guards, and no bogons; it clamps and masquerades nothing', () => {
    expect(release.packages).toEqual({ tailscale: '1.102.3' });
    expect(Object.keys(release.units)).toEqual([
      'site-mesh-nft.service',
      'site-mesh-rules.service',
      'ssh.service',
      'tailscaled.service',
    ]);
    expect(text(release, NFT)).toContain('chain no_bogons');
    expect(text(release, NFT)).not.toMatch(/maxseg|masquerade|LANIF(?! and)/);
    expect(text(release, '/etc/systemd/system/tailscaled.service.d/site-mesh.conf')).toMatch(
      /^After=site-mesh-nft\.service site-mesh-rules\.service$/m,
    );
  });
});

describe('a subnet router', () => {
  test('keeps its own LAN out of the tunnel, and what the tunnel does not carry off the LAN gateway', () => {
    const rules = text(render(routerSpec()), RULES);
    expect(rules).toContain('ip -4 rule add pref 2500 to 10.77.10.0/24 lookup main\n');
    expect(rules).toContain('ip -4 rule add pref 2501 from $LANADDR lookup main\n');
    expect(rules).toContain('\nEnvironmentFile=/var/lib/site-mesh/interfaces.env\n');
    expect(rules).toContain('ip -4 rule add pref 5271 to 10.77.0.0/16 unreachable\n');
    expect(rules.match(/rule add pref 5271/g)).toHaveLength(1);
  });

  test('keeps a LAN gateway out of the tunnel that lies outside the site’s prefix', () => {
    const rulesFor = (gateway?: string): string[] => {
      const { prefix, supernet } = plainSpec().lan;
      const lan = { prefix, supernet, ...(gateway !== undefined && { gateway }) };
      return [...text(render(routerSpec({}, { lan })), RULES).matchAll(/rule add pref 2500 to (\S+)/g)].map(
        ([, to]) => to ?? '',
      );
    };
    expect(rulesFor('10.77.0.1')).toEqual(['10.77.10.0/24', '10.77.0.1']);
    expect(rulesFor()).toEqual(['10.77.10.0/24']);
  });

  test('names its LAN address nowhere: not every cloud lets it be chosen', () => {
    const all = Object.values(render(routerSpec()).files).map((file) => file.content);
    expect(all.join('')).not.toContain('10.77.10.2');
  });

  test('clamps in the forward hook, both ways, by the route', () => {
    const rules = text(render(routerSpec()), NFT);
    expect(rules).toContain('type filter hook forward priority mangle');
    for (const way of ['iifname', 'oifname']) {
      expect(rules).toMatch(new RegExp(`^\\t\\t${way} "tailscale0" tcp flags syn / syn,rst .* size set rt mtu$`, 'm'));
    }
  });

  test('masquerades members itself, and nobody else', () => {
    expect(text(render(routerSpec()), NFT).match(/.*masquerade/g)).toEqual([
      '\t\tiifname "tailscale0" oifname $LANIF ip saddr 100.64.0.0/10 counter masquerade',
    ]);
    expect(text(render(memberSpec()), NFT)).not.toContain('masquerade');
  });

  test('does the same in IPv6 where its LAN has it, and not where it has none', () => {
    const rules = text(render(routerSpec({}, { lan: LAN6 })), RULES);
    expect(rules.match(/ExecStart=.* -6 rule add .*/g)).toEqual([
      'ExecStart=/usr/sbin/ip -6 rule add pref 2500 to fd12:3456:789a:40::/64 lookup main',
      'ExecStart=/usr/sbin/ip -6 rule add pref 2501 from $LANADDR6 lookup main',
      'ExecStart=/usr/sbin/ip -6 rule add pref 5271 to fd12:3456:789a::/48 unreachable',
    ]);
    expect(text(render(memberSpec({ lan: LAN6 })), RULES).match(/ExecStart=.* -6 .*/g)).toHaveLength(1);
    expect(text(render(routerSpec()), RULES)).not.toMatch(/ExecStart=.* -6 /);
    expect(text(render(routerSpec({}, { lan: LAN6 })), NFT)).toContain(
      'ip6 saddr fd7a:115c:a1e0::/48 counter masquerade',
    );
    expect(text(render(routerSpec()), NFT)).not.toContain('ip6 saddr');
  });

  test('takes its rules away in both families whatever it has now: what runs may be of a release that had more', () => {
    for (const spec of [routerSpec(), memberSpec(), routerSpec({}, { lan: LAN6 })])
      for (const when of ['ExecStartPre', 'ExecStop'])
        expect(text(render(spec), RULES)).toMatch(
          new RegExp(`^${when}=.*for f in -4 -6; do for p in 2500 2501 5271;`, 'm'),
        );
  });

  test('keeps taking router advertisements on the public interface, decided before it forwards', () => {
    const unit = text(render(routerSpec()), '/etc/systemd/system/site-mesh-sysctl.service');
    expect(unit.indexOf('ExecStartPre=-/bin/sh')).toBeLessThan(unit.indexOf('ExecStart=/lib/systemd/systemd-sysctl'));
    expect(unit).toContain('accept_ra');
  });

  test('starts tailscaled after its guards, and holds one version of it', () => {
    const release = render(routerSpec());
    expect(release.packages).toEqual({ tailscale: '1.102.3' });
    expect(text(release, '/etc/apt/preferences.d/site-mesh')).toContain('Pin: version 1.102.3\n');
    expect(text(release, '/etc/systemd/system/tailscaled.service.d/site-mesh.conf')).toMatch(
      /^After=.*site-mesh-nft\.service.*site-mesh-rules\.service/m,
    );
  });

  test('names no interface: those are known on the host only', () => {
    const all = Object.values(render(routerSpec()).files).map((file) => file.content);
    expect(all.join('')).not.toMatch(/\b(eth|ens|enp)\d/);
  });

  test('never starts nftables.service, which flushes what others loaded', () => {
    expect(Object.keys(render(routerSpec()).units)).not.toContain('nftables.service');
  });
});

describe('every release', () => {
  const spec = fc
    .record({
      kind: fc.constantFrom('router', 'member', 'host'),
      ours: fc.boolean(),
      advertises: fc.subarray(['10.77.10.0/24', '10.77.20.0/24', '10.9.0.0/16'], { minLength: 1 }),
      ipv6: fc.boolean(),
    })
    .map(({ kind, ours, advertises, ipv6 }): HostSpec => {
      const { ssh, ...one } =
        kind === 'router' ? routerSpec({ advertises }) : kind === 'member' ? memberSpec() : plainSpec();
      return { ...one, ...(ours && ssh !== undefined && { ssh }), ...(ipv6 && { lan: LAN6 }) };
    });

  test('is one that the host accepts: plain paths, modes, watches of its own files, text that ends with a line', () => {
    fc.assert(
      fc.property(spec, (one) => {
        const release = render(one);
        for (const [path, file] of Object.entries(release.files)) {
          expect(path).toMatch(/^(\/[A-Za-z0-9._@:+-]+)+$/);
          expect(file.mode).toMatch(/^0[0-7][0-7][0145]$/);
          expect(file.content.endsWith('\n')).toBe(true);
        }
        for (const unit of Object.values(release.units)) {
          expect(Object.keys(release.files)).toEqual(expect.arrayContaining(unit.watches));
        }
        for (const unit of Object.keys(release.files).filter((path) => /system\/[^/]+\.service$/.test(path))) {
          expect(Object.keys(release.units)).toContain(unit.split('/').pop());
        }
      }),
    );
  });

  test('is the same for the same spec, whatever the order of its lists', () => {
    fc.assert(
      fc.property(spec, (one) => {
        const router = one.router && { ...one.router, advertises: [...one.router.advertises].reverse() };
        const turned = router === undefined ? one : { ...one, router };
        expect(JSON.stringify(render(turned))).toBe(JSON.stringify(render(one)));
      }),
    );
  });

  test('comes from parts that never bring the same file twice', () => {
    const part = { files: { '/etc/a': { content: '', mode: '0644' } } };
    expect(() => mergeParts([part, part])).toThrow('the file /etc/a');
    expect(Object.keys(mergeParts([part]).files)).toEqual(['/etc/a']);
  });
});
