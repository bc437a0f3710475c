import type { CloudNetwork, Restriction } from '../types.ts';
import { ifAny, type Setting } from './layout.ts';
import { BRIDGE, type Port, type SwitchRules } from './switch.ts';

/**
 * Hetzner's gateway: knows each host's MAC from its records, delivers aliases and routes to whoever holds the address on record,
 * and forwards nothing else. Hosts are no neighbours because the switch isolates their ports (`networks.ts`).
 */
export function hetznerSettings(net: CloudNetwork, ports: readonly Port[]): Setting[] {
  return [
    { key: 'nobody', add: 'route replace blackhole default metric 4000000000' },
    ...ports.flatMap(({ lan }) => [
      {
        key: `neighbour ${lan.address}`,
        add: `neigh replace ${lan.address} lladdr ${lan.mac} dev ${BRIDGE} nud permanent`,
        remove: `neigh del ${lan.address} dev ${BRIDGE}`,
      },
      route(`${lan.address}/32`, `dev ${BRIDGE}`),
      ...lan.aliases.map((alias) => route(`${alias}/32`, `via ${lan.address} dev ${BRIDGE} onlink`)),
    ]),
    ...net.routes.map(({ destination, gateway }) => {
      const holder = ports.find((port) => holds(port, gateway));
      return holder === undefined
        ? blackhole(destination)
        : route(destination, `via ${holder.lan.address} dev ${BRIDGE} onlink`);
    }),
  ];
}

export function hetznerRules(net: CloudNetwork, ports: readonly Port[], lifted: readonly Restriction[]): SwitchRules {
  const sources = ports.flatMap((port) =>
    [
      port.lan.address,
      ...port.lan.aliases,
      ...net.routes.filter(({ gateway }) => holds(port, gateway)).map(({ destination }) => destination),
    ].map((source) => `"${port.name}" . ${source}`),
  );
  return {
    arriving: ['ether type != { ip, arp } drop'],
    input: lifted.includes('hetzner-sources')
      ? []
      : ifAny(sources, (set) => `ether type ip iifname . ip saddr != ${set} drop`),
    forward: [],
  };
}

const holds = ({ lan }: Port, address: string): boolean => lan.address === address || lan.aliases.includes(address);

const route = (to: string, how: string): Setting => ({
  key: `route ${to}`,
  add: `route replace ${to} ${how}`,
  remove: `route del ${to}`,
});

const blackhole = (to: string): Setting => ({
  key: `route ${to}`,
  add: `route replace blackhole ${to}`,
  remove: `route del ${to}`,
});
