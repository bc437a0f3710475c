import { parsePrefix, formatIpv4 } from '../../api/ip.ts';
import type { CloudNetwork, LanNic, Machine, WanNic } from '../types.ts';
import { EDGE_ADDRESS } from './edge.ts';
import type { Namespace, Setting } from './layout.ts';
import { machineNetns } from './names.ts';

/** A kernel as it comes, whatever this machine has set; IPv6 addresses are usable at once. */
const SYSCTLS = {
  'ipv4/ip_forward': '0',
  'ipv4/conf/all/rp_filter': '0',
  'ipv4/conf/default/rp_filter': '0',
  'ipv6/conf/all/disable_ipv6': '0',
  'ipv6/conf/default/disable_ipv6': '0',
  'ipv6/conf/default/accept_dad': '0',
  'ipv6/conf/default/accept_ra': '0',
};

/**
 * A machine's namespace: its NICs' addresses and routes, as its cloud's DHCP or its owner sets them. Each boot has a new one, so
 * that nothing of the last boot is left. What the machine adds by itself is left alone.
 */
export function machineNamespace(lab: string, machine: Machine, networks: readonly CloudNetwork[]): Namespace {
  const network = networks.find(({ id }) => id === machine.lan?.network);
  return {
    name: machineNetns(lab, machine.id),
    generation: String(machine.boot),
    sysctls: SYSCTLS,
    settings: [
      { key: 'lo', add: 'link set lo up' },
      ...(machine.wan === undefined ? [] : wanSettings(machine.wan)),
      ...(machine.lan === undefined || network === undefined ? [] : lanSettings(machine.lan, network)),
    ],
    nft: '',
  };
}

function wanSettings({ name, address }: WanNic): Setting[] {
  const on = nic(name);
  return [
    on.address(`${address}/32`),
    on.up,
    { ...on.route('default', `via ${EDGE_ADDRESS} dev ${name} onlink`), key: `${name} default` },
  ];
}

function lanSettings(lan: LanNic, network: CloudNetwork): Setting[] {
  const on = nic(lan.name);
  const base = [on.address(lanAddress(lan, network)), on.up];
  if (network.kind === 'hetzner') {
    const gateway = gatewayOf(network);
    return [
      ...base,
      on.route(`${gateway}/32`, `dev ${lan.name}`),
      on.route(network.range, `via ${gateway} dev ${lan.name}`),
    ];
  }
  const bits6 = network.range6?.split('/')[1] ?? '64';
  return [
    ...base,
    ...(lan.address6 === undefined ? [] : [on.address(`${lan.address6}/${bits6}`, ' nodad')]),
    ...lan.routes.map(({ destination, via }) => on.route(destination, `via ${via} dev ${lan.name}`)),
  ];
}

function lanAddress({ address }: LanNic, { kind, range }: CloudNetwork): string {
  return `${address}/${kind === 'hetzner' ? '32' : (range.split('/')[1] ?? '32')}`;
}

/** First address of the range, where a network names none. */
export function gatewayOf({ gateway, range }: CloudNetwork): string {
  return gateway ?? formatIpv4((parsePrefix(range)?.base ?? 0) + 1);
}

function nic(name: string): {
  up: Setting;
  address: (address: string, flags?: string) => Setting;
  route: (to: string, how: string) => Setting;
} {
  return {
    up: { key: `${name} up`, add: `link set ${name} up`, device: name },
    address: (address, flags = '') => ({
      key: `${name} address ${address}`,
      add: `addr replace ${address} dev ${name}${flags}`,
      remove: `addr del ${address} dev ${name}`,
      device: name,
    }),
    route: (to, how) => ({
      key: `${name} route ${to}`,
      add: `route replace ${to} ${how}`,
      remove: `route del ${to} ${how}`,
      device: name,
    }),
  };
}
