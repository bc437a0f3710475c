import { IMAGES, LOCATIONS, SERVER_TYPES } from './catalog.ts';
import { imageView, serverTypeView } from './catalog-views.ts';
import { formatIpv4, parsePrefix } from '../ip.ts';
import type { Project } from './project.ts';
import type {
  ActionRecord,
  FirewallRecord,
  NetworkRecord,
  PlacementGroupRecord,
  PrimaryIpRecord,
  ServerRecord,
  SshKeyRecord,
} from './records.ts';

const time = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, '+00:00');
const base = (record: { id: number; name: string; labels: Record<string, string>; created: number }) => ({
  id: record.id,
  name: record.name,
  labels: record.labels,
  created: time(record.created),
});

export function actionView(project: Project, action: ActionRecord): object {
  const done = project.now >= action.finishes;
  return {
    id: action.id,
    command: action.command,
    status: !done ? 'running' : action.error === null ? 'success' : 'error',
    progress: done
      ? 100
      : Math.floor((100 * (project.now - action.started)) / Math.max(1, action.finishes - action.started)),
    started: time(action.started),
    finished: done ? time(action.finishes) : null,
    resources: action.resources,
    error: done ? action.error : null,
  };
}

export function sshKeyView(record: SshKeyRecord): object {
  return { ...base(record), fingerprint: record.fingerprint, public_key: record.publicKey };
}

/** The cloud's gateway: the first address of the network, whatever the subnet. */
export function gatewayOf(network: NetworkRecord): string {
  return formatIpv4((parsePrefix(network.ipRange)?.base ?? 0) + 1);
}

export function networkView(project: Project, record: NetworkRecord): object {
  return {
    ...base(record),
    ip_range: record.ipRange,
    subnets: record.subnets.map((subnet) => ({
      type: subnet.type,
      ip_range: subnet.ipRange,
      network_zone: subnet.networkZone,
      gateway: gatewayOf(record),
      vswitch_id: null,
    })),
    routes: record.routes,
    servers: project.serversOfNetwork(record.id).map((server) => server.id),
    load_balancers: [],
    protection: { delete: record.deleteProtection },
    expose_routes_to_vswitch: record.exposeRoutesToVswitch,
  };
}

export function firewallView(project: Project, record: FirewallRecord): object {
  return {
    ...base(record),
    rules: record.rules,
    applied_to: record.appliedTo.map((target) =>
      target.type === 'server'
        ? target
        : {
            ...target,
            applied_to_resources: project
              .serversOfSelector(target.label_selector.selector)
              .map((server) => ({ type: 'server', server: { id: server.id } })),
          },
    ),
  };
}

export function placementGroupView(project: Project, record: PlacementGroupRecord): object {
  return { ...base(record), type: record.type, servers: project.serversOfGroup(record.id).map((server) => server.id) };
}

function locationView(name: string): object | null {
  return LOCATIONS.find((location) => location.name === name) ?? null;
}

export function primaryIpView(record: PrimaryIpRecord): object {
  return {
    ...base(record),
    type: record.type,
    ip: record.ip,
    location: locationView(record.location),
    assignee_id: record.assignee,
    // An unassigned one answers "unassigned" since 2026-08-01 (changelog of the service, 2026-04-27).
    assignee_type: record.assignee === null ? 'unassigned' : 'server',
    auto_delete: record.autoDelete,
    blocked: false,
    dns_ptr: [],
    protection: { delete: record.deleteProtection },
  };
}

function publicNet(project: Project, server: ServerRecord): object {
  const ip = (id: number | null) => {
    const record = id === null ? undefined : project.primaryIps.get(String(id));
    return record === undefined
      ? null
      : {
          id: record.id,
          ip: record.ip,
          blocked: false,
          dns_ptr:
            record.type === 'ipv6' ? [] : `static.${record.ip.split('.').toReversed().join('.')}.clients.example.com`,
        };
  };
  return {
    ipv4: ip(server.ipv4),
    ipv6: ip(server.ipv6),
    floating_ips: [],
    firewalls: project.firewallsOfServer(server).map((firewall) => ({ id: firewall.id, status: 'applied' })),
  };
}

export function serverView(project: Project, server: ServerRecord): object {
  const type = SERVER_TYPES.find((candidate) => candidate.name === server.serverType);
  const image = IMAGES.find((candidate) => candidate.id === server.image);
  const group = server.placementGroup === null ? undefined : project.placementGroups.get(String(server.placementGroup));
  return {
    ...base(server),
    status: project.status(server),
    server_type: type === undefined ? null : serverTypeView(type),
    image: image === undefined ? null : imageView(image),
    location: locationView(server.location),
    placement_group: group === undefined ? null : placementGroupView(project, group),
    public_net: publicNet(project, server),
    private_net: server.privateNet.map((entry) => ({
      network: entry.network,
      ip: entry.ip,
      alias_ips: entry.aliasIps,
      mac_address: entry.mac,
    })),
    protection: { delete: server.deleteProtection, rebuild: server.rebuildProtection },
    backup_window: server.backupWindow,
    primary_disk_size: server.disk,
    volumes: [],
    load_balancers: [],
    iso: null,
    locked: server.busyUntil > project.now,
    rescue_enabled: false,
    included_traffic: 20 * 1024 ** 4,
    ingoing_traffic: 0,
    outgoing_traffic: 0,
  };
}
