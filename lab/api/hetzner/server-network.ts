import { LOCATIONS } from './catalog.ts';
import { ApiError, invalidInput, limitExceeded } from './errors.ts';
import { formatIpv4, holds, overlaps, parseIpv4, parsePrefix, type Prefix } from '../ip.ts';
import { LIMITS, type Project } from './project.ts';
import type { NetworkRecord, PrivateNet, ServerRecord } from './records.ts';
import { gatewayOf } from './views.ts';

function takenAddresses(project: Project, network: number, except?: number): Set<string> {
  const entries = project
    .serversOfNetwork(network)
    .flatMap((server) => (server.id === except ? [] : server.privateNet.filter((entry) => entry.network === network)));
  return new Set(entries.flatMap((entry) => [entry.ip, ...entry.aliasIps]));
}

/** Subnets of the network that a server in this location can join, in order of ip_range. */
function usableSubnets(network: NetworkRecord, server: ServerRecord): Prefix[] {
  const zone = LOCATIONS.find((location) => location.name === server.location)?.network_zone;
  return network.subnets
    .filter((subnet) => subnet.networkZone === zone)
    .flatMap((subnet) => parsePrefix(subnet.ipRange) ?? [])
    .sort((a, b) => a.base - b.base);
}

/** First and last address of a subnet belong to nobody, nor does the network's gateway. */
function assignable(network: NetworkRecord, subnet: Prefix, address: number): boolean {
  return address > subnet.base && address < subnet.base + subnet.size - 1 && formatIpv4(address) !== gatewayOf(network);
}

function checkAddress(
  network: NetworkRecord,
  subnets: Prefix[],
  taken: Set<string>,
  field: string,
  text: string,
): string {
  const address = parseIpv4(text);
  if (address === undefined) throw invalidInput(field, `'${text}' is not an IPv4 address`);
  const subnet = subnets.find((candidate) => holds(candidate, address));
  if (subnet === undefined)
    throw invalidInput(field, `${text} is in no subnet of the network that the server can join`);
  if (!assignable(network, subnet, address) || taken.has(text))
    throw new ApiError(409, 'ip_not_available', `IP ${text} is not available`);
  return text;
}

function freeAddress(network: NetworkRecord, subnet: Prefix | undefined, taken: Set<string>): string {
  for (
    let address = (subnet?.base ?? 0) + 1;
    subnet !== undefined && address < subnet.base + subnet.size - 1;
    address++
  ) {
    const text = formatIpv4(address);
    if (assignable(network, subnet, address) && !taken.has(text)) return text;
  }
  throw new ApiError(409, 'ip_not_available', 'no free IP is left in the subnet');
}

function checkAliases(
  network: NetworkRecord,
  subnets: Prefix[],
  taken: Set<string>,
  aliases: readonly string[],
): string[] {
  if (aliases.length > LIMITS.aliasIps) throw limitExceeded('alias_ip', LIMITS.aliasIps);
  const seen = new Set(taken);
  for (const alias of aliases) {
    checkAddress(network, subnets, seen, 'alias_ips', alias);
    seen.add(alias);
  }
  return [...aliases];
}

function existingNetwork(project: Project, id: number): NetworkRecord {
  return project.get(project.networks, 'network', id);
}

/** What attaching would write; throws the refusal. */
export function planAttach(
  project: Project,
  server: ServerRecord,
  input: {
    network: number;
    ip?: string | null | undefined;
    aliasIps?: string[] | null | undefined;
    ipRange?: string | null | undefined;
  },
): PrivateNet {
  const network = existingNetwork(project, input.network);
  if (server.privateNet.some((entry) => entry.network === network.id))
    throw new ApiError(409, 'server_already_attached', 'the server is already attached to this network');
  if (server.privateNet.length >= LIMITS.networksPerServer)
    throw limitExceeded('networks_per_server', LIMITS.networksPerServer);
  const range = parsePrefix(network.ipRange);
  for (const entry of server.privateNet) {
    const other = parsePrefix(existingNetwork(project, entry.network).ipRange);
    if (range !== undefined && other !== undefined && overlaps(range, other))
      throw new ApiError(409, 'networks_overlap', 'the network overlaps another network of the server');
  }
  const usable = usableSubnets(network, server);
  const wanted = typeof input.ipRange === 'string' ? parsePrefix(input.ipRange) : undefined;
  const subnets =
    wanted === undefined
      ? usable
      : usable.filter((subnet) => subnet.base === wanted.base && subnet.bits === wanted.bits);
  if (subnets.length === 0)
    throw new ApiError(409, 'no_subnet_available', 'no subnet of the network is available to the server');
  const taken = takenAddresses(project, network.id);
  // Without a choice the service takes the last subnet.
  const ip =
    typeof input.ip === 'string'
      ? checkAddress(network, subnets, taken, 'ip', input.ip)
      : freeAddress(network, subnets.at(-1), taken);
  const aliasIps = checkAliases(network, usable, new Set([...taken, ip]), input.aliasIps ?? []);
  const hex = (server.id * 8 + server.privateNet.length).toString(16).padStart(8, '0').slice(-8);
  return { network: network.id, ip, aliasIps, mac: `86:00:${hex.replaceAll(/..(?!$)/g, '$&:')}` };
}

export function attach(
  project: Project,
  server: ServerRecord,
  input: { network: number; ip?: string; aliasIps?: string[] },
): void {
  project.servers.put(String(server.id), {
    ...server,
    privateNet: [...server.privateNet, planAttach(project, server, input)],
  });
}

function attachment(server: ServerRecord, network: number): PrivateNet {
  const entry = server.privateNet.find((candidate) => candidate.network === network);
  if (entry === undefined)
    throw new ApiError(
      404,
      'not_found',
      `server with ID '${server.id}' is not attached to network with ID '${network}'`,
    );
  return entry;
}

export function planDetach(server: ServerRecord, network: number): PrivateNet[] {
  const gone = attachment(server, network);
  return server.privateNet.filter((entry) => entry !== gone);
}

export function planAliases(
  project: Project,
  server: ServerRecord,
  networkId: number,
  aliases: string[],
): PrivateNet[] {
  const entry = attachment(server, networkId);
  const network = existingNetwork(project, networkId);
  const taken = takenAddresses(project, networkId, server.id).add(entry.ip);
  const aliasIps = checkAliases(network, usableSubnets(network, server), taken, aliases);
  return server.privateNet.map((other) => (other === entry ? { ...entry, aliasIps } : other));
}
