import type { CloudNetwork, World } from '../types.ts';
import { ROUTER_SYSCTLS } from './edge.ts';
import { gatewayOf } from './guest.ts';
import { hetznerRules, hetznerSettings } from './hetzner.ts';
import { ifAny, nftTable, type Cable, type Namespace, type Setting } from './layout.ts';
import { machineNetns, macOf, networkNetns, portName } from './names.ts';
import { BRIDGE, type Port, type SwitchRules } from './switch.ts';
import { VPC_SETS, vpcRules } from './vpc.ts';

/** A cloud's network: a namespace with a switch, so that equal prefixes of two tenants never meet. */
export function network(world: World, net: CloudNetwork): { namespace: Namespace; cables: Cable[] } {
  const { lab } = world;
  const name = networkNetns(lab, net.id);
  const ports = world.machines.flatMap((machine): Port[] =>
    machine.running && machine.lan?.network === net.id
      ? [{ name: portName(machine.id, 'lan'), machine, lan: machine.lan }]
      : [],
  );
  const isolated = net.kind === 'hetzner' && !world.lifted.includes('hetzner-arp');
  const mtu = net.kind === 'hetzner' ? 1450 : 1500;
  return {
    cables: ports.map(({ name: port, machine, lan }) => ({
      outer: { namespace: name, name: port, mac: macOf(`${machine.id} switch`) },
      inner: { namespace: machineNetns(lab, machine.id), name: lan.name, mac: lan.mac },
      mtu: lan.mtu,
    })),
    namespace: {
      name,
      // Neither can be changed while it stands.
      generation: `${net.kind} ${net.range}`,
      sysctls: { ...ROUTER_SYSCTLS, 'ipv4/ip_forward': net.kind === 'hetzner' ? '1' : '0' },
      settings: [
        {
          key: 'switch',
          add: `link add ${BRIDGE} mtu ${mtu} address ${macOf(net.id)} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
        },
        ...gateway(net),
        { key: 'switch up', add: `link set ${BRIDGE} up` },
        ...ports.flatMap(({ name: port }) => portSettings(port, isolated)),
        ...(net.kind === 'hetzner' ? hetznerSettings(net, ports) : []),
      ],
      nft: rules(world, net, ports),
    },
  };
}

function gateway(net: CloudNetwork): Setting[] {
  if (net.kind !== 'hetzner' && net.gateway === undefined) return [];
  const address = `${gatewayOf(net)}/${net.kind === 'hetzner' ? '32' : (net.range.split('/')[1] ?? '32')}`;
  return [
    {
      key: `gateway ${address}`,
      add: `addr replace ${address} dev ${BRIDGE}`,
      remove: `addr del ${address} dev ${BRIDGE}`,
    },
  ];
}

const portSettings = (port: string, isolated: boolean): Setting[] => [
  { key: `${port} switch`, add: `link set ${port} master ${BRIDGE}`, device: port },
  {
    key: `${port} isolated`,
    add: `link set ${port} type bridge_slave isolated ${isolated ? 'on' : 'off'}`,
    device: port,
  },
  { key: `${port} up`, add: `link set ${port} up`, device: port },
];

function rules(world: World, net: CloudNetwork, ports: readonly Port[]): string {
  const cut = ports
    .filter(({ machine: { id } }) => world.cuts.some((one) => one.machine === id && one.nic === 'lan'))
    .map(({ name }) => `"${name}"`);
  const own = kindRules(world, net, ports);
  const leaving = ifAny(cut, (set) => `oifname ${set} drop`);
  const chain = (name: string, hook: string, lines: string[]): Parameters<typeof nftTable>[1][number] => ({
    name,
    hook: `filter hook ${hook} priority filter`,
    lines,
  });
  return nftTable(
    'bridge',
    [
      chain('arriving', 'prerouting', [...ifAny(cut, (set) => `iifname ${set} drop`), ...own.arriving]),
      chain('input', 'input', own.input),
      chain('forward', 'forward', [...leaving, ...own.forward]),
      chain('output', 'output', leaving),
    ],
    net.kind === 'vpc' ? VPC_SETS : [],
  );
}

function kindRules(world: World, net: CloudNetwork, ports: readonly Port[]): SwitchRules {
  switch (net.kind) {
    case 'hetzner':
      return hetznerRules(net, ports, world.lifted);
    case 'vpc':
      return vpcRules(ports, world.lifted);
    case 'layer2':
      return { arriving: [], input: [], forward: [] };
  }
}
