import type { Machine, World } from '../types.ts';
import { allowed } from './firewall.ts';
import { ifAny, nftTable, type Cable, type Namespace, type Setting } from './layout.ts';
import { edgeNetns, internetNetns, machineNetns, macOf, portName, zoneOf } from './names.ts';

/** Gateway of all public NICs. */
export const EDGE_ADDRESS = '172.31.1.1';

/** The edge's cable to the internet, at the edge's end. */
const CORE = 'core';
/** And at the internet's. */
export const UPLINK = 'edge';
export const coreMac = (lab: string): string => macOf(`${lab} core`);
const uplinkMac = (lab: string): string => macOf(`${lab} uplink`);

/** Packets from machines go to the internet first, also those for a neighbour: links between sites are there. */
const TO_CORE = 100;

/** Large, so that only the clouds' own NICs limit what passes. */
const CORE_MTU = 65_535;

interface Public extends Machine {
  wan: NonNullable<Machine['wan']>;
}

const isPublic = (machine: Machine): machine is Public => machine.wan !== undefined;

/**
 * The clouds' side of public NICs. Every packet between machines passes it twice, once on its way out and once on its way in:
 * so each machine's firewall has connection tracking of its own, as in the clouds, and what two firewalled machines send each
 * other opens both.
 */
export function edge(world: World, jump: string): { namespace: Namespace; cables: Cable[] } {
  const { lab } = world;
  const wans = world.machines.filter(isPublic);
  const on = wans.filter(({ running }) => running);
  const cables = on.map(({ id, wan }): Cable => ({
    outer: { namespace: edgeNetns(lab), name: portName(id, 'wan'), mac: macOf(`${id} gateway`) },
    inner: { namespace: machineNetns(lab, id), name: wan.name, mac: macOf(`${id} wan`) },
    mtu: wan.mtu,
  }));
  const core: Cable = {
    outer: { namespace: edgeNetns(lab), name: CORE, mac: coreMac(lab) },
    inner: { namespace: internetNetns(lab), name: UPLINK, mac: uplinkMac(lab) },
    mtu: CORE_MTU,
  };
  return {
    cables: [core, ...cables],
    namespace: {
      name: edgeNetns(lab),
      generation: '',
      sysctls: ROUTER_SYSCTLS,
      settings: [
        ...uplinkSettings(lab, jump),
        // Switched off is not unknown: nobody answers for it.
        ...wans.flatMap((machine) => (machine.running ? portSettings(machine) : [silent(machine.wan.address)])),
      ],
      nft: rules(world, on),
    },
  };
}

/** IPv4 only; never tells a machine of a shorter way. */
export const ROUTER_SYSCTLS = {
  'ipv4/ip_forward': '1',
  'ipv4/conf/all/rp_filter': '0',
  'ipv4/conf/default/rp_filter': '0',
  'ipv4/conf/all/send_redirects': '0',
  'ipv4/conf/default/send_redirects': '0',
  'ipv6/conf/all/disable_ipv6': '1',
  'ipv6/conf/default/disable_ipv6': '1',
};

const LAST = 'metric 4000000000';

function uplinkSettings(lab: string, jump: string): Setting[] {
  return [
    { key: 'lo', add: 'link set lo up' },
    { key: 'gateway', add: `addr replace ${EDGE_ADDRESS}/32 dev lo` },
    { key: 'unknown', add: `route replace unreachable default ${LAST}` },
    { key: 'core up', add: `link set ${CORE} up`, device: CORE },
    {
      key: 'core neighbour',
      add: `neigh replace ${jump} lladdr ${uplinkMac(lab)} dev ${CORE} nud permanent`,
      device: CORE,
    },
    {
      key: 'core route',
      add: `route replace default via ${jump} dev ${CORE} onlink table ${TO_CORE}`,
      device: CORE,
    },
    { key: 'lab', add: `route replace 198.18.0.0/24 via ${jump} dev ${CORE} onlink`, device: CORE },
    { key: 'rule in', add: `rule add pref 10 iif ${CORE} lookup main` },
    { key: 'rule own', add: 'rule add pref 20 iif lo lookup main' },
    { key: 'rule out', add: `rule add pref 30 lookup ${TO_CORE}` },
  ];
}

function portSettings({ id, wan }: Public): Setting[] {
  const port = portName(id, 'wan');
  return [
    {
      key: `${port} neighbour`,
      add: `neigh replace ${wan.address} lladdr ${macOf(`${id} wan`)} dev ${port} nud permanent`,
      remove: `neigh del ${wan.address} dev ${port}`,
      device: port,
    },
    { key: `${port} up`, add: `link set ${port} up`, device: port },
    {
      key: `route ${wan.address}`,
      add: `route replace ${wan.address}/32 dev ${port}`,
      remove: `route del ${wan.address}/32`,
      device: port,
    },
  ];
}

const silent = (address: string): Setting => ({
  key: `route ${address}`,
  add: `route replace blackhole ${address}/32`,
  remove: `route del ${address}/32`,
});

function rules(world: World, machines: readonly Public[]): string {
  const port = ({ id }: Machine): string => `"${portName(id, 'wan')}"`;
  const cut = machines
    .filter(({ id }) => world.cuts.some(({ machine, nic }) => machine === id && nic === 'wan'))
    .map(port);
  const reserved = machines.flatMap(({ wan }) => wan.also.map((also) => `${also} : ${wan.address}`));
  return [
    nftTable('inet', [
      {
        name: 'arriving',
        hook: 'filter hook prerouting priority raw',
        lines: [
          ...ifAny(cut, (ports) => `iifname ${ports} drop`),
          ...ifAny(
            machines.map((machine) => `${port(machine)} . ${machine.wan.address}`),
            (sources) => `iifname != "${CORE}" iifname . ip saddr != ${sources} drop`,
          ),
          ...ifAny(
            machines.flatMap(({ id, wan }) => [wan.address, ...wan.also].map((to) => `${to} : ${zoneOf(id)}`)),
            (zones) => `iifname "${CORE}" ct zone set ip daddr map ${zones}`,
          ),
          ...ifAny(
            machines.map((machine) => `${port(machine)} : ${zoneOf(machine.id)}`),
            (zones) => `iifname != "${CORE}" ct zone set iifname map ${zones}`,
          ),
        ],
      },
      {
        name: 'reserved',
        hook: 'nat hook prerouting priority dstnat',
        lines: ifAny(reserved, (map) => `iifname "${CORE}" dnat ip to ip daddr map ${map}`),
      },
      {
        name: 'forward',
        hook: 'filter hook forward priority filter',
        lines: [
          ...ifAny(cut, (ports) => `oifname ${ports} drop`),
          'ct state established,related accept',
          ...(world.lifted.includes('firewalls') ? [] : machines.flatMap((machine) => wall(machine, port(machine)))),
        ],
      },
    ]),
    nftTable('arp', [
      { name: 'input', hook: 'filter hook input priority filter', lines: ifAny(cut, (set) => `iifname ${set} drop`) },
      { name: 'output', hook: 'filter hook output priority filter', lines: ifAny(cut, (set) => `oifname ${set} drop`) },
    ]),
  ].join('\n');
}

function wall({ firewall }: Machine, port: string): string[] {
  if (firewall === undefined) return [];
  const jump = (side: 'iifname' | 'oifname', direction: 'in' | 'out'): string[] => [
    `${side} ${port} jump {`,
    ...allowed(firewall, direction).map((match) => `${match} return`),
    'drop',
    '}',
  ];
  return [...jump('iifname', 'out'), ...jump('oifname', 'in')];
}
