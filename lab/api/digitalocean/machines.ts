import type { CloudNetwork, FirewallRule, Machine } from '../../machines/types.ts';
import { formatIpv4, parsePrefix } from '../ip.ts';
import { Account, type DigitalOceanDeps } from './account.ts';
import { imageKey, IMAGES } from './catalog.ts';
import type { DropletRecord, FirewallRule as Rule, VpcRecord } from './records.ts';

/** Droplets of all accounts and the networks that have some, as what they are beneath the API. */
export function digitalOceanMachines(deps: DigitalOceanDeps): { machines: Machine[]; networks: CloudNetwork[] } {
  const accounts = deps.accounts.map(({ name }) => new Account(name, deps));
  for (const account of accounts) account.sweep();
  return {
    machines: accounts.flatMap((account) => account.droplets.all().flatMap((one) => machine(account, one) ?? [])),
    networks: accounts.flatMap((account) => {
      const used = new Set(account.droplets.all().map(({ vpc }) => vpc));
      return account.vpcs
        .all()
        .filter(({ id }) => used.has(id))
        .map(network);
    }),
  };
}

const networkId = (vpc: string): string => `digitalocean-vpc-${vpc}`;

/** The first address of a VPC is its gateway's, which forwards nothing. */
function network({ id, ipRange }: VpcRecord): CloudNetwork {
  return {
    id: networkId(id),
    kind: 'vpc',
    range: ipRange,
    gateway: formatIpv4((parsePrefix(ipRange)?.base ?? 0) + 1),
    routes: [],
  };
}

function machine(account: Account, droplet: DropletRecord): Machine | undefined {
  const boot = account.boots.get(String(droplet.id));
  const image = IMAGES.find(({ id }) => id === droplet.image);
  if (boot === undefined || image === undefined) return undefined;
  // Also false while it reboots: the status stays "active" then.
  const running = droplet.power.after === 'active' && account.now >= droplet.power.at;
  const reserved = account.reservedIpOf(droplet.id);
  const walls = account.firewalls
    .all()
    .filter(
      ({ tags, dropletIds }) => dropletIds.includes(droplet.id) || tags.some((tag) => droplet.tags.includes(tag)),
    );
  const hex = droplet.id
    .toString(16)
    .padStart(8, '0')
    .slice(-8)
    .replaceAll(/..(?!$)/g, '$&:');
  return {
    id: `digitalocean-${droplet.id}`,
    name: droplet.name,
    tenant: account.name,
    cloud: 'digitalocean',
    image: imageKey(image),
    running,
    boot: droplet.power.at,
    userData: boot.userData,
    authorizedKeys: boot.authorizedKeys,
    ...(droplet.publicAddress !== '' && {
      wan: { name: 'eth0', address: droplet.publicAddress, also: reserved ? [reserved.ip] : [], mtu: 1500 },
    }),
    lan: {
      name: 'eth1',
      network: networkId(droplet.vpc),
      mtu: 1500,
      mac: `0e:d0:${hex}`,
      address: droplet.lan,
      aliases: [],
      routes: [],
    },
    ...(walls.length > 0 && {
      firewall: {
        inbound: walls.flatMap((wall) => wall.inbound.map((rule) => shaped(account, rule))),
        outbound: walls.flatMap((wall) => wall.outbound.map((rule) => shaped(account, rule))),
        lan: true,
      },
    }),
  };
}

function shaped(account: Account, { protocol, ports, target }: Rule): FirewallRule {
  const named = account.droplets
    .all()
    .filter(({ id, tags }) => target.droplet_ids.includes(id) || target.tags.some((tag) => tags.includes(tag)))
    .flatMap(({ publicAddress, lan }) => [publicAddress, lan])
    .filter((address) => address !== '');
  const [from = 0, to = from] = ports.split('-').map(Number);
  return {
    protocol,
    ...(from > 0 && { ports: [from, to] as [number, number] }),
    peers: [...target.addresses, ...named],
  };
}
