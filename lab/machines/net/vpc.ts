import type { Restriction } from '../types.ts';
import { allowed } from './firewall.ts';
import { ifAny, nftSet } from './layout.ts';
import type { Port, SwitchRules } from './switch.ts';

/**
 * Connections that firewalled ports know: port, own address, other's address, own port, other's port. Not the kernel's conntrack:
 * in switches it is missing from many kernels (NF_CONNTRACK_BRIDGE), and it would be one for both machines.
 */
export const VPC_SETS = [
  ...[
    ['streams', 'ifname . ipv4_addr . ipv4_addr . inet_service . inet_service', '12h'],
    ['datagrams', 'ifname . ipv4_addr . ipv4_addr . inet_service . inet_service', '3m'],
    ['others', 'ifname . ipv4_addr . ipv4_addr . inet_proto', '30s'],
  ].flatMap(([name = '', type = '', timeout = '']) => [
    `set ${name} {`,
    `type ${type}`,
    'flags dynamic,timeout',
    'size 65535',
    `timeout ${timeout}`,
    '}',
  ]),
];

/** A switch that knows every droplet's one MAC and one address, carries nothing from or for any other, and no multicast. */
export function vpcRules(ports: readonly Port[], lifted: readonly Restriction[]): SwitchRules {
  const known = !lifted.includes('digitalocean-addresses');
  const walled = lifted.includes('firewalls') ? [] : ports.filter(({ machine }) => machine.firewall?.lan === true);
  const owners = ports.map(({ name, lan }) => `"${name}" . ${lan.mac} . ${lan.address}`);
  const holders = ports.map(({ name, lan }) => `"${name}" . ${lan.address}`);
  return {
    arriving: [
      'ether type != { ip, arp } drop',
      'ether daddr & 01:00:00:00:00:00 == 01:00:00:00:00:00 ether daddr != ff:ff:ff:ff:ff:ff drop',
      ...(known
        ? [
            ...ifAny(owners, (set) => `ether type ip iifname . ether saddr . ip saddr ${set} accept`),
            ...ifAny(owners, (set) => `ether type arp iifname . arp saddr ether . arp saddr ip ${set} accept`),
            'drop',
          ]
        : []),
    ],
    input: [],
    forward: [
      'ether type arp ether daddr ff:ff:ff:ff:ff:ff accept',
      ...(known
        ? [
            ...ifAny(holders, (set) => `ether type arp oifname . arp daddr ip ${set} accept`),
            'ether type arp drop',
            ...ifAny(holders, (set) => `ether type ip oifname . ip daddr != ${set} drop`),
          ]
        : ['ether type arp accept']),
      ...walls(walled),
    ],
  };
}

/** The sender's firewall and then the receiver's; each remembers what it let pass. */
function walls(ports: readonly Port[]): string[] {
  if (ports.length === 0) return [];
  const set = nftSet(ports.map(({ name }) => `"${name}"`));
  const side = (near: 'iifname' | 'oifname'): string[] => {
    const ends = near === 'iifname' ? 'ip saddr . ip daddr' : 'ip daddr . ip saddr';
    const services = near === 'iifname' ? 'th sport . th dport' : 'th dport . th sport';
    const known = [
      `ip protocol tcp ${near} . ${ends} . ${services} @streams return`,
      `ip protocol udp ${near} . ${ends} . ${services} @datagrams return`,
      `${near} . ${ends} . ip protocol @others return`,
      'icmp type { destination-unreachable, time-exceeded, parameter-problem } return',
      // Only the first fragment tells its ports.
      'ip frag-off & 0x1fff != 0 return',
    ];
    return [
      ...ports.flatMap(({ name, machine: { firewall } }) => [
        `${near} "${name}" jump {`,
        ...known,
        ...(firewall === undefined ? [] : allowed(firewall, near === 'iifname' ? 'out' : 'in')).map(
          (match) => `${match} return`,
        ),
        'drop',
        '}',
      ]),
      `${near} ${set} ip protocol tcp update @streams { ${near} . ${ends} . ${services} }`,
      `${near} ${set} ip protocol udp update @datagrams { ${near} . ${ends} . ${services} }`,
      `${near} ${set} ip protocol { icmp, esp, gre } update @others { ${near} . ${ends} . ip protocol }`,
    ];
  };
  return [...side('iifname'), ...side('oifname')];
}
