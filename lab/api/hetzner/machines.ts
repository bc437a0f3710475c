import type { CloudNetwork, FirewallRule, Machine } from '../../machines/types.ts';
import { IMAGES } from './catalog.ts';
import { Project, type HetznerDeps } from './project.ts';
import type { FirewallRecord, FirewallRule as Rule, NetworkRecord, ServerRecord } from './records.ts';
import { gatewayOf } from './views.ts';

/** Servers and networks of all projects, as what they are beneath the API. Aliases are those on record, moved or not. */
export function hetznerMachines(deps: HetznerDeps): { machines: Machine[]; networks: CloudNetwork[] } {
  const projects = deps.tenants.map((tenant) => new Project(tenant.name, deps));
  return {
    machines: projects.flatMap((project) => project.servers.all().flatMap((server) => machine(project, server) ?? [])),
    networks: projects.flatMap((project) => project.networks.all().map(network)),
  };
}

const networkId = (id: number): string => `hetzner-network-${id}`;

function network(record: NetworkRecord): CloudNetwork {
  return {
    id: networkId(record.id),
    kind: 'hetzner',
    range: record.ipRange,
    gateway: gatewayOf(record),
    routes: record.routes.map(({ destination, gateway }) => ({ destination, gateway })),
  };
}

/** Undefined until its first start is ordered: there is nothing to boot yet. */
function machine(project: Project, server: ServerRecord): Machine | undefined {
  const boot = project.boots.get(String(server.id));
  const address = server.ipv4 === null ? undefined : project.primaryIps.get(String(server.ipv4))?.ip;
  const image = IMAGES.find(({ id }) => id === server.image)?.name;
  if (boot === undefined || image === undefined) return undefined;
  const running = project.status(server) === 'running';
  // One network for each server: that is what sites are made of.
  const [net] = server.privateNet;
  const walls = project.firewallsOfServer(server);
  return {
    id: `hetzner-${server.id}`,
    name: server.name,
    tenant: project.tenant,
    cloud: 'hetzner',
    image,
    running,
    boot: server.power.at,
    userData: boot.userData,
    authorizedKeys: boot.authorizedKeys,
    ...(address !== undefined && { wan: { name: 'eth0', address, also: [], mtu: 1500 } }),
    ...(net && {
      lan: {
        name: 'enp7s0',
        network: networkId(net.network),
        mtu: 1450,
        mac: net.mac,
        address: net.ip,
        aliases: net.aliasIps,
        routes: [],
      },
    }),
    ...(walls.length > 0 && {
      firewall: { inbound: rules(walls, 'in'), outbound: outbound(walls), lan: false },
    }),
  };
}

function rules(walls: readonly FirewallRecord[], direction: Rule['direction']): FirewallRule[] {
  return walls
    .flatMap((wall) => wall.rules)
    .filter((rule) => rule.direction === direction)
    .map((rule) => ({
      protocol: rule.protocol,
      ...ports(rule.port),
      peers: direction === 'in' ? rule.source_ips : rule.destination_ips,
    }));
}

const EVERYWHERE = ['0.0.0.0/0', '::/0'];
const PROTOCOLS = ['tcp', 'udp', 'icmp', 'esp', 'gre'] as const;

/** Without an outbound rule everything may leave; with one, nothing else may. */
function outbound(walls: readonly FirewallRecord[]): FirewallRule[] {
  const found = rules(walls, 'out');
  return found.length > 0 ? found : PROTOCOLS.map((protocol) => ({ protocol, peers: EVERYWHERE }));
}

function ports(text: string | null): { ports?: [number, number] } {
  if (text === null || text === 'any') return {};
  const [from = 0, to = from] = text.split('-').map(Number);
  return { ports: [from, to] };
}
