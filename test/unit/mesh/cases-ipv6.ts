import { host, hostOf, site, siteOf, type Case, type Loose } from './breakable.ts';

/** Gives the stack another supernet. */
const supernet6 =
  (value: string) =>
  (raw: Loose): Loose => {
    Object.assign(raw.network ?? {}, { supernet6: value });
    return raw;
  };
const gra = (more: object) => site('eu-gra', more);

/** Faults of IPv6 on LANs. Breaks `sixRaw`. */
export const IPV6: Case[] = [
  [
    'IPv6 at Hetzner',
    site('eu-fra', { cidr6: 'fd12:3456:789a:10::/64' }),
    'sites.eu-fra.cidr6',
    'carry IPv4 only',
    'remove',
  ],
  [
    'IPv6 at Hetzner, with addresses for it',
    (raw) => [
      site('eu-fra', { cidr6: 'fd12:3456:789a:10::/64', vip6: 'fd12:3456:789a:10::1' })(raw),
      host('eu-fra', 'routers', { lan6: 'fd12:3456:789a:10::2' })(raw),
    ],
    'sites.eu-fra.cidr6',
    'carry IPv4 only',
    'remove',
  ],
  [
    'an IPv6 address at Hetzner',
    host('eu-fra', 'hosts', { lan6: 'fd12:3456:789a:10::2' }),
    'sites.eu-fra.hosts[0].lan6',
    'carry IPv4 only',
    'remove',
  ],
  [
    'IPv6 at DigitalOcean',
    site('us-nyc', { cidr6: 'fd12:3456:789a:30::/64' }),
    'sites.us-nyc.cidr6',
    'a VPC of DigitalOcean',
    'remove',
  ],
  [
    'a shared IPv6 address at DigitalOcean',
    site('us-nyc', { vip6: 'fd12:3456:789a:30::1' }),
    'sites.us-nyc.vip6',
    'a VPC of DigitalOcean',
    'remove',
  ],
  [
    'IPv6 on a routed LAN',
    (raw) => {
      const { snat, vip, vip6, ...rest } = siteOf(raw, 'eu-gra');
      raw.sites['eu-gra'] = { ...rest, lan: 'routed' };
      return [snat, vip, vip6];
    },
    'sites.eu-gra.cidr6',
    'a routed LAN',
    'remove',
  ],
  [
    'IPv6 without a supernet for it',
    (raw) => delete raw.network?.supernet6,
    'network.supernet6',
    'is missing: eu-gra has a cidr6',
    'unique local',
  ],
  [
    'a supernet that is IPv4',
    supernet6('10.78.0.0/16'),
    'network.supernet6',
    'is not an IPv6 prefix',
    'fd12:3456:789a::/48',
  ],
  [
    'a supernet that is public',
    (raw) => moved(supernet6('2001:db8:789a::/48')(raw), '2001:db8:789a'),
    'network.supernet6',
    'not unique local',
    'fd00::/8',
  ],
  [
    'a supernet of the half that nobody gave out',
    (raw) => moved(supernet6('fc12:3456:789a::/48')(raw), 'fc12:3456:789a'),
    'network.supernet6',
    'not unique local',
    'fd00::/8',
  ],
  [
    'a supernet that is Tailscale’s',
    (raw) => moved(supernet6('fd7a:115c:a1e0::/48')(raw), 'fd7a:115c:a1e0'),
    'network.supernet6',
    'Tailscale',
    'by chance',
  ],
  [
    'a supernet around Tailscale’s',
    (raw) => moved(supernet6('fd7a:115c::/32')(raw), 'fd7a:115c:9'),
    'network.supernet6',
    'Tailscale',
    'by chance',
  ],
  ['a supernet that is too wide', supernet6('fd12:3456:7800::/40'), 'network.supernet6', 'is a /40', '/48'],
  ['a supernet that is too narrow', supernet6('fd12:3456:789a::/57'), 'network.supernet6', 'is a /57', '/48'],
  [
    'a supernet with host bits',
    supernet6('fd12:3456:789a:1::/48'),
    'network.supernet6',
    'has host bits set; the prefix is fd12:3456:789a::/48',
    'unique local',
  ],
  [
    'a supernet in capitals',
    supernet6('FD12:3456:789A::/48'),
    'network.supernet6',
    'shortest form, which is fd12:3456:789a::/48',
    'unique local',
  ],
  [
    'a LAN outside the supernet',
    (raw) => moved(raw, 'fd12:3456:789b'),
    'sites.eu-gra.cidr6',
    'outside the supernet fd12:3456:789a::/48',
    'a /64 inside',
  ],
  ['a LAN that is no /64', gra({ cidr6: 'fd12:3456:789a:40::/60' }), 'sites.eu-gra.cidr6', 'is a /60', '/64'],
  ['a LAN with host bits', gra({ cidr6: 'fd12:3456:789a:40::1/64' }), 'sites.eu-gra.cidr6', 'has host bits', '/64'],
  ['a LAN that is IPv4', gra({ cidr6: '10.77.41.0/24' }), 'sites.eu-gra.cidr6', 'is not an IPv6 prefix', '/64'],
  [
    'a LAN that another site has',
    (raw) => {
      const ssh = { host: '198.51.100.30', hostKey: hostOf(raw, 'eu-gra', 'routers').ssh };
      const { hostKey } = ssh.hostKey as { hostKey: string };
      const router = {
        name: 'par-edge-01',
        lan: '10.77.50.2',
        lan6: 'fd12:3456:789a:40::50',
        ssh: { ...ssh, hostKey },
      };
      return Object.assign(raw.sites, {
        'eu-par': {
          cloud: 'existing',
          cidr: '10.77.50.0/24',
          cidr6: 'fd12:3456:789a:40::/64',
          routers: [router],
          hosts: [],
        },
      });
    },
    'sites.eu-par.cidr6',
    'is the prefix of site eu-gra',
    'a /64 of its own',
  ],
  [
    'a way back in one family only',
    (raw) => delete siteOf(raw, 'eu-gra').vip6,
    'sites.eu-gra.vip6',
    'a way back in IPv6 too',
    '::ffff',
  ],
  [
    'a shared IPv6 address while routers masquerade',
    (raw) => delete Object.assign(siteOf(raw, 'eu-gra'), { snat: true }).vip,
    'sites.eu-gra.vip6',
    'no use while the routers masquerade',
    'snat: false',
  ],
  [
    'a shared IPv6 address outside its LAN',
    gra({ vip6: 'fd12:3456:789a:41::1' }),
    'sites.eu-gra.vip6',
    'outside fd12:3456:789a:40::/64',
    'inside fd12',
  ],
  [
    'a shared IPv6 address that every router answers to',
    gra({ vip6: 'fd12:3456:789a:40::' }),
    'sites.eu-gra.vip6',
    'every router of',
    'free',
  ],
  [
    'a shared IPv6 address that a router has',
    gra({ vip6: 'fd12:3456:789a:40::2' }),
    'sites.eu-gra.routers[0].lan6',
    'already the address of the vip6 of eu-gra',
    'free',
  ],
  [
    'a shared address of the other family',
    gra({ vip6: '10.77.40.1' }),
    'sites.eu-gra.vip6',
    'is not an IPv6 address',
    'cidr6',
  ],
  [
    'a router without an IPv6 address',
    (raw) => delete hostOf(raw, 'eu-gra', 'routers').lan6,
    'sites.eu-gra.routers[0].lan6',
    'in every prefix that it advertises',
    'free address',
  ],
  [
    'an IPv6 address twice',
    host('eu-gra', 'hosts', { lan6: 'fd12:3456:789a:40::3' }),
    'sites.eu-gra.hosts[0].lan6',
    'already the address of gra-edge-02',
    'free',
  ],
  [
    'an IPv6 address in a long form',
    host('eu-gra', 'hosts', { lan6: 'fd12:3456:789a:0040::20' }),
    'sites.eu-gra.hosts[0].lan6',
    'shortest form, which is fd12:3456:789a:40::20',
    'cidr6',
  ],
  [
    'an IPv6 address with a zone',
    host('eu-gra', 'hosts', { lan6: 'fe80::1%eth0' }),
    'sites.eu-gra.hosts[0].lan6',
    'is not an IPv6 address',
    'cidr6',
  ],
  [
    'an IPv6 address without a prefix for it',
    (raw) => bare(raw, 'lan6'),
    'sites.eu-gra.hosts[0].lan6',
    'the site has no cidr6',
    'remove',
  ],
  [
    'a shared IPv6 address without a prefix for it',
    (raw) => bare(raw, 'vip6'),
    'sites.eu-gra.vip6',
    'the site has no cidr6',
    'remove',
  ],
  [
    'a host that is called as the policy calls another one’s IPv6 address',
    host('eu-fra', 'routers', { name: 'gra-nas-01-v6' }),
    'sites.eu-fra.routers[0].name',
    'the IPv6 address of gra-nas-01',
    'another name',
  ],
  [
    'a host that is called as the policy calls an IPv6 prefix',
    host('eu-fra', 'routers', { name: 'lan-eu-gra-v6' }),
    'sites.eu-fra.routers[0].name',
    'the IPv6 prefix of site eu-gra',
    'another name',
  ],
];

/** All IPv6 addresses of the existing site below another prefix of 48 bits. */
function moved(raw: Loose, prefix: string): void {
  const text = JSON.stringify(siteOf(raw, 'eu-gra')).replaceAll('fd12:3456:789a', prefix);
  raw.sites['eu-gra'] = JSON.parse(text) as Loose['sites'][string];
}

/** Without a prefix, and without all addresses but one. */
function bare(raw: Loose, kept: 'lan6' | 'vip6'): void {
  const { cidr6, vip6, ...rest } = siteOf(raw, 'eu-gra');
  raw.sites['eu-gra'] = { ...rest, ...(kept === 'vip6' && cidr6 !== undefined && { vip6 }) };
  const at = siteOf(raw, 'eu-gra');
  for (const one of at.routers) delete one.lan6;
  for (const one of kept === 'lan6' ? [] : at.hosts) delete one.lan6;
}
