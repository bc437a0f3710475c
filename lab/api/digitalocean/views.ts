import { formatIpv4, parsePrefix } from '../ip.ts';
import type { Account } from './account.ts';
import { IMAGES, REGIONS, SIZES, type Image, type Size } from './catalog.ts';
import type {
  ActionRecord,
  DropletRecord,
  FirewallRecord,
  FirewallRule,
  ProjectRecord,
  ReservedIpRecord,
  SshKeyRecord,
  TagRecord,
  VpcRecord,
} from './records.ts';

export const time = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

export function regionView(slug: string): object | null {
  const region = REGIONS.find((candidate) => candidate.slug === slug);
  if (region === undefined) return null;
  return {
    slug: region.slug,
    name: region.name,
    available: region.available,
    features: ['backups', 'ipv6', 'metadata', 'install_agent', 'storage', 'image_transfer'],
    sizes: SIZES.filter((size) => size.regions.includes(slug)).map((size) => size.slug),
  };
}

export function sizeView(size: Size): object {
  return {
    ...size,
    disk_info: [{ type: 'local', size: { amount: size.disk, unit: 'gib' } }],
    networking_throughput: 2000,
  };
}

export function imageView(image: Image): object {
  return {
    id: image.id,
    slug: image.slug,
    name: image.name,
    distribution: image.distribution,
    type: 'base',
    public: true,
    regions: image.retired === true ? [] : REGIONS.filter((region) => region.available).map((region) => region.slug),
    created_at: image.created_at,
    min_disk_size: image.min_disk_size,
    size_gigabytes: 2.36,
    description: `${image.distribution} ${image.name}`,
    tags: [],
    status: image.retired === true ? 'retired' : 'available',
  };
}

export function sshKeyView(record: SshKeyRecord): object {
  return { id: record.id, name: record.name, public_key: record.publicKey, fingerprint: record.fingerprint };
}

export function vpcView(record: VpcRecord): object {
  return {
    id: record.id,
    urn: `do:vpc:${record.id}`,
    name: record.name,
    description: record.description,
    region: record.region,
    ip_range: record.ipRange,
    created_at: time(record.created),
    default: record.default,
  };
}

const NO_RESOURCES = { count: 0 };

export function tagView(account: Account, record: TagRecord): object {
  const droplets = account.dropletsOfTag(record.name);
  const last = droplets.at(-1);
  const counted =
    last === undefined
      ? NO_RESOURCES
      : { count: droplets.length, last_tagged_uri: `https://api.digitalocean.com/v2/droplets/${last.id}` };
  return {
    name: record.name,
    resources: {
      ...counted,
      droplets: counted,
      images: NO_RESOURCES,
      volumes: NO_RESOURCES,
      volume_snapshots: NO_RESOURCES,
      databases: NO_RESOURCES,
    },
  };
}

/** Empty lists of a target are left out, as on the service. */
function ruleView(rule: FirewallRule, side: 'sources' | 'destinations'): object {
  const target = Object.fromEntries(
    Object.entries(rule.target).filter(([, list]: [string, unknown[]]) => list.length > 0),
  );
  return { protocol: rule.protocol, ports: rule.ports, [side]: target };
}

export function firewallView(account: Account, record: FirewallRecord): object {
  const waiting = record.settles > account.now;
  const reached = account.droplets
    .all()
    .filter(
      (droplet) => record.dropletIds.includes(droplet.id) || record.tags.some((tag) => droplet.tags.includes(tag)),
    );
  return {
    id: record.id,
    name: record.name,
    status: waiting ? 'waiting' : 'succeeded',
    created_at: time(record.created),
    pending_changes: waiting
      ? reached.map((droplet) => ({ droplet_id: droplet.id, removing: false, status: 'waiting' }))
      : [],
    inbound_rules: record.inbound.map((rule) => ruleView(rule, 'sources')),
    outbound_rules: record.outbound.map((rule) => ruleView(rule, 'destinations')),
    droplet_ids: record.dropletIds,
    tags: record.tags,
  };
}

function networks(account: Account, droplet: DropletRecord): object {
  const range = parsePrefix(account.vpcs.get(droplet.vpc)?.ipRange ?? '');
  const netmask = formatIpv4(2 ** 32 - (range?.size ?? 1));
  const onInternet = (ip_address: string) => ({
    ip_address,
    netmask: '255.255.255.0',
    gateway: '192.0.2.1',
    type: 'public',
  });
  const reserved = account.reservedIpOf(droplet.id);
  return {
    // The droplet's own address comes first: clients take the first public one for it.
    v4: [
      ...(droplet.publicAddress === '' ? [] : [onInternet(droplet.publicAddress)]),
      { ip_address: droplet.lan, netmask, gateway: null, type: 'private' },
      ...(reserved === undefined ? [] : [onInternet(reserved.ip)]),
    ],
    v6:
      droplet.ipv6 === null
        ? []
        : [{ ip_address: droplet.ipv6, netmask: 64, gateway: '2001:db8:d0::1', type: 'public' }],
  };
}

export function dropletView(account: Account, droplet: DropletRecord): object {
  const size = SIZES.find((candidate) => candidate.slug === droplet.size);
  const image = IMAGES.find((candidate) => candidate.id === droplet.image);
  const fresh = account.status(droplet) === 'new';
  return {
    id: droplet.id,
    name: droplet.name,
    memory: size?.memory ?? 0,
    vcpus: size?.vcpus ?? 0,
    disk: droplet.disk,
    locked: account.isLocked(droplet),
    status: account.status(droplet),
    kernel: null,
    created_at: time(droplet.created),
    features: [
      ...(droplet.backups ? ['backups'] : []),
      ...(droplet.ipv6 === null ? [] : ['ipv6']),
      ...(droplet.monitoring ? ['monitoring'] : []),
      'droplet_agent',
      'private_networking',
    ],
    backup_ids: [],
    next_backup_window: null,
    snapshot_ids: [],
    volume_ids: [],
    image: image === undefined ? null : imageView(image),
    size: size === undefined ? null : sizeView(size),
    size_slug: droplet.size,
    // A new droplet has no addresses yet.
    networks: fresh ? { v4: [], v6: [] } : networks(account, droplet),
    region: regionView(droplet.region),
    tags: droplet.tags,
    vpc_uuid: droplet.vpc,
  };
}

export function reservedIpView(account: Account, record: ReservedIpRecord): object {
  const droplet = record.droplet === null ? undefined : account.droplets.get(String(record.droplet));
  return {
    ip: record.ip,
    region: regionView(record.region),
    droplet: droplet === undefined ? null : dropletView(account, droplet),
    locked: record.busyUntil > account.now,
    project_id: record.project,
    type: 'reserved',
  };
}

export function projectView(account: Account, record: ProjectRecord): object {
  return {
    id: record.id,
    owner_uuid: `team-${account.name}`,
    owner_id: 1,
    name: record.name,
    description: record.description,
    purpose: record.purpose,
    environment: record.environment,
    is_default: record.default,
    created_at: time(record.created),
    updated_at: time(record.updated),
  };
}

export function actionView(account: Account, action: ActionRecord): object {
  const done = account.now >= action.finishes;
  return {
    id: action.id,
    status: !done ? 'in-progress' : action.errored ? 'errored' : 'completed',
    type: action.type,
    started_at: time(action.started),
    completed_at: done ? time(action.finishes) : null,
    resource_id: action.resource.type === 'droplet' ? action.resource.id : null,
    resource_type: action.resource.type,
    region: regionView(action.region),
    region_slug: action.region,
  };
}
