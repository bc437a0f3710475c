import type { HetznerKind, HetznerLookup, HetznerObject } from '../../io/hcloud/lookup.ts';
import { textFrom, type Finder, type Found, type Wanted } from './wanted.ts';

const token = (name: string): string => `hcloud:index/${name}:${name[0]?.toUpperCase() ?? ''}${name.slice(1)}`;
const NETWORK = token('network');
const SUBNET = token('networkSubnet');
const SERVER = token('server');

const MARK = { label: 'managed-by', value: 'site-mesh' };

/** Names are unique for each kind in a project: there is one object of a name, or none. */
function byName<Kind extends HetznerKind>(
  kind: Kind,
  what: string,
  alike?: (object: HetznerObject<Kind>, wanted: Wanted) => boolean,
): Finder<HetznerLookup> {
  return {
    async find(cloud, wanted): Promise<Found> {
      const name = textFrom(wanted, 'name');
      if (name === undefined) return { is: 'unknown' };
      const objects: readonly HetznerObject<Kind>[] = await cloud.list(kind);
      const found = objects.find((object) => object.name === name);
      if (found?.labels[MARK.label] === MARK.value)
        return { is: 'ours', id: String(found.id), what: `${what} ${name}, id ${found.id}` };
      if (found !== undefined) return foreign(`a ${what} named ${name} (id ${found.id})`);
      const other = alike && objects.find((object) => alike(object, wanted));
      return other === undefined
        ? { is: 'absent' }
        : foreign(`the same ${what} under another name, ${other.name} (id ${other.id})`);
    },
    exists: async (cloud, id) => (await cloud.list(kind)).some((object) => String(object.id) === id),
  };
}

const foreign = (what: string): Found => ({
  is: 'foreign',
  what: `${what} is at Hetzner, without our label ${MARK.label}=${MARK.value}: it is not taken over`,
  way: `remove or rename it; or, if it is yours, give it the label ${MARK.label}=${MARK.value} and run mesh recover again`,
});

async function networkOf(cloud: HetznerLookup, id: string): Promise<HetznerObject<'networks'> | undefined> {
  return (await cloud.list('networks')).find((network) => String(network.id) === id);
}

const subnet: Finder<HetznerLookup> = {
  async find(cloud, wanted) {
    const [network, range] = [textFrom(wanted, 'networkId', NETWORK), textFrom(wanted, 'ipRange')];
    if (network === undefined || range === undefined) return { is: 'unknown' };
    const found = (await networkOf(cloud, network))?.subnets?.some(({ ip_range }) => ip_range === range) === true;
    return found
      ? { is: 'ours', id: `${network}-${range}`, what: `subnet ${range} of network ${network}` }
      : { is: 'absent' };
  },
  async exists(cloud, id) {
    const [network, range] = halves(id);
    return (await networkOf(cloud, network))?.subnets?.some(({ ip_range }) => ip_range === range) === true;
  },
};

const route: Finder<HetznerLookup> = {
  async find(cloud, wanted) {
    const [network, destination] = [textFrom(wanted, 'networkId', NETWORK), textFrom(wanted, 'destination')];
    const gateway = textFrom(wanted, 'gateway');
    if (network === undefined || destination === undefined || gateway === undefined) return { is: 'unknown' };
    const found = (await networkOf(cloud, network))?.routes?.find((one) => one.destination === destination);
    if (found === undefined) return { is: 'absent' };
    if (found.gateway !== gateway)
      return {
        is: 'foreign',
        what: `network ${network} routes ${destination} to ${found.gateway}, not to ${gateway}: that is not what was under way here`,
        way: 'remove that route in the console, if nobody needs it',
      };
    return { is: 'ours', id: `${network}-${destination}`, what: `route to ${destination} in network ${network}` };
  },
  async exists(cloud, id) {
    const [network, destination] = halves(id);
    return (await networkOf(cloud, network))?.routes?.some((one) => one.destination === destination) === true;
  },
};

const attachment: Finder<HetznerLookup> = {
  async find(cloud, wanted) {
    const server = textFrom(wanted, 'serverId', SERVER);
    const network = textFrom(wanted, 'networkId', NETWORK) ?? textFrom(wanted, 'subnetId', SUBNET)?.split('-', 1)[0];
    if (server === undefined || network === undefined) return { is: 'unknown' };
    const entry = await attached(cloud, server, network);
    if (entry === undefined) return { is: 'absent' };
    const ip = textFrom(wanted, 'ip');
    if (ip !== undefined && entry.ip !== ip)
      return {
        is: 'foreign',
        what: `server ${server} is attached to network ${network} with ${entry.ip ?? 'no address'}, not with ${ip}`,
        way: 'detach it in the console; the next up attaches it with its own address',
      };
    return {
      is: 'ours',
      id: `${server}-${network}`,
      what: `server ${server} in network ${network}`,
      // The program names the subnet; the plugin reads by server and network.
      outputs: { serverId: Number(server), networkId: Number(network) },
    };
  },
  async exists(cloud, id) {
    const [server, network] = halves(id);
    return (await attached(cloud, server, network)) !== undefined;
  },
};

async function attached(cloud: HetznerLookup, server: string, network: string) {
  const found = (await cloud.list('servers')).find((one) => String(one.id) === server);
  return found?.private_net?.find((entry) => String(entry.network) === network);
}

function halves(id: string): [string, string] {
  const cut = id.indexOf('-');
  return [id.slice(0, cut), id.slice(cut + 1)];
}

/** What a key is, without its comment. */
const keyBlob = (line: unknown): string | undefined =>
  typeof line === 'string' ? line.trim().split(/\s+/, 2).join(' ') : undefined;

/** By resource type: what of Hetzner's a killed run can leave behind. */
export const hetzner: Readonly<Record<string, Finder<HetznerLookup>>> = {
  [token('sshKey')]: byName(
    'ssh_keys',
    'SSH key',
    (key, wanted) => keyBlob(key.public_key) === keyBlob(wanted.inputs.publicKey),
  ),
  [NETWORK]: byName('networks', 'network'),
  [SUBNET]: subnet,
  [token('networkRoute')]: route,
  [token('firewall')]: byName('firewalls', 'firewall'),
  [token('placementGroup')]: byName('placement_groups', 'placement group'),
  [token('primaryIp')]: byName('primary_ips', 'primary IP'),
  [SERVER]: byName('servers', 'server'),
  [token('serverNetwork')]: attachment,
};
