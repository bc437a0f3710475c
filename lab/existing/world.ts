import type { LabConfig, LabSite } from '../api/config.ts';
import { isPrivate, parseIpv4 } from '../api/ip.ts';
import type { CloudNetwork, LanNic, Machine } from '../machines/types.ts';
import { existingId, sameAddress, type ExistingMachine } from './machines.ts';

type Config = Pick<LabConfig, 'existing' | 'tenants' | 'deployKey'>;
interface Place {
  stack: string;
  site: LabSite;
  lan: NonNullable<LabSite['lan']>;
}

const TAILNET = { ipv4: '100.64.0.0/10', ipv6: 'fd7a:115c:a1e0::/48' };
/** As most installers choose it; what a machine runs is its owner's business. */
const IMAGE = 'debian-12';

/** The machines that no cloud sold and the LANs that they stand on, plain hosts that nobody deploys to included. */
export function existingWorld(config: Config): { machines: Machine[]; networks: CloudNetwork[] } {
  const places = config.tenants.flatMap(({ name: stack, sites }) =>
    sites.flatMap((site) => (site.lan === undefined ? [] : [{ stack, site, lan: site.lan }])),
  );
  const managed = config.existing.map((machine, index) => managedMachine(config, places, machine, index));
  return {
    machines: [...managed, ...places.flatMap(plainMachines)],
    networks: places.map(network),
  };
}

const networkId = ({ stack, site }: Place): string => `existing-lan-${stack}-${site.name}`;

function network(place: Place): CloudNetwork {
  const { kind, cidr, cidr6, gateway } = place.lan;
  return {
    id: networkId(place),
    // A cloud router knows one address for each of its machines, like a VPC.
    kind: kind === 'layer2' ? 'layer2' : 'vpc',
    range: cidr,
    ...(cidr6 !== undefined && { range6: cidr6 }),
    ...(gateway !== undefined && { gateway }),
    routes: [],
  };
}

function managedMachine(config: Config, places: readonly Place[], machine: ExistingMachine, index: number): Machine {
  const { name, address, port, user, hostKey } = machine;
  const place = places.find(({ site }) => site.hosts.some((host) => isMachine(host, machine)));
  const host = place?.site.hosts.find((candidate) => isMachine(candidate, machine));
  return {
    id: existingId(machine),
    name,
    tenant: '',
    ...(place && { site: place.site.name }),
    cloud: 'existing',
    image: IMAGE,
    running: true,
    boot: 1,
    userData: '',
    authorizedKeys: [config.deployKey.publicKey],
    wan: { name: 'ens3', address: publicAddress(config.existing, address, index), also: [], mtu: 1500 },
    ...(place && host?.lan !== undefined && { lan: nic(place, host, index + 1) }),
    existing: { port, user, hostKey: hostKey.privateKey },
  };
}

const isMachine = (host: LabSite['hosts'][number], { address, port }: ExistingMachine): boolean =>
  host.address !== undefined && sameAddress(host.address, address) && host.port === port;

/** What stands on the LAN and nobody logs in to. */
function plainMachines(place: Place): Machine[] {
  return place.site.hosts.flatMap((host, index) => {
    if (host.address !== undefined || host.lan === undefined) return [];
    return [
      {
        id: `existing-${place.stack}-${host.name}`,
        name: host.name,
        tenant: place.stack,
        site: place.site.name,
        cloud: 'existing' as const,
        image: IMAGE,
        running: true,
        boot: 1,
        userData: '',
        authorizedKeys: [],
        lan: nic(place, host, 0x80 + index),
      },
    ];
  });
}

/** Whoever keeps the LAN told its hosts, the routers aside, that the mesh is behind the address that the active router holds. */
function nic(place: Place, host: LabSite['hosts'][number], number: number): LanNic {
  const { lan } = place;
  const to = (destinations: (string | undefined)[], via: string | undefined): LanNic['routes'] =>
    host.router || via === undefined
      ? []
      : destinations.flatMap((destination) => (destination === undefined ? [] : [{ destination, via }]));
  return {
    name: 'ens4',
    network: networkId(place),
    mtu: 1500,
    mac: `52:54:00:4c:${Math.floor(number / 256)
      .toString(16)
      .padStart(2, '0')}:${(number % 256).toString(16).padStart(2, '0')}`,
    address: host.lan ?? '',
    aliases: [],
    ...(host.lan6 !== undefined && { address6: host.lan6 }),
    routes: [...to([lan.supernet, TAILNET.ipv4], lan.vip), ...to([lan.supernet6, TAILNET.ipv6], lan.vip6)],
  };
}

/**
 * A machine is reached at the address that its stack names, unless that is a name, a private address behind somebody's jump
 * host, or taken: then the lab gives it one of its own, and its jump host leads there.
 */
function publicAddress(machines: readonly ExistingMachine[], address: string, index: number): string {
  const value = parseIpv4(address);
  const first = machines.findIndex((machine) => sameAddress(machine.address, address)) === index;
  const usable = value !== undefined && !isPrivate({ base: value, bits: 32, size: 1 });
  return usable && first ? address : `198.18.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`;
}
