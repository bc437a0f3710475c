import { Hono } from 'hono';
import { z } from 'zod';
import { NETWORK_ZONES } from './catalog.ts';
import { ApiError, invalidInput, isProtected, limitExceeded } from './errors.ts';
import { contains, formatIpv4, holds, isPrivate, overlaps, parseIpv4, parsePrefix, type Prefix } from '../ip.ts';
import { checkLabels } from './labels.ts';
import { LIMITS, type Project } from './project.ts';
import type { NetworkRecord, SubnetRecord } from './records.ts';
import { LABELS, NAME, body, listAnswer, pathId, type Env } from './request.ts';
import { actionView, gatewayOf, networkView } from './views.ts';

const SUBNET = z.object({
  type: z.enum(['cloud', 'server', 'vswitch']),
  ip_range: z.string().nullish(),
  network_zone: z.string(),
  vswitch_id: z.number().nullish(),
});
const ROUTE = z.object({ destination: z.string(), gateway: z.string() });

function prefixInput(field: string, text: string): Prefix {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw invalidInput(field, `'${text}' is not an IPv4 network in CIDR notation`);
  return prefix;
}

function checkIpRange(text: string): Prefix {
  const prefix = prefixInput('ip_range', text);
  if (!isPrivate(prefix)) throw invalidInput('ip_range', 'must be inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16');
  if (prefix.bits < 8 || prefix.bits > 24) throw invalidInput('ip_range', 'must be a /8 to /24');
  return prefix;
}

const subnetPrefixes = (network: NetworkRecord) =>
  network.subnets.flatMap((subnet) => parsePrefix(subnet.ipRange) ?? []);
const routePrefixes = (network: NetworkRecord) =>
  network.routes.flatMap((route) => parsePrefix(route.destination) ?? []);

/** The first free /24, for a subnet without ip_range. */
function freeRange(network: NetworkRecord): string {
  const range = parsePrefix(network.ipRange);
  const taken = subnetPrefixes(network);
  for (let base = range?.base ?? 0; range !== undefined && base < range.base + range.size; base += 256) {
    const candidate = { base, bits: 24, size: 256 };
    if (!taken.some((other) => overlaps(other, candidate))) return `${formatIpv4(base)}/24`;
  }
  throw new ApiError(422, 'no_subnet_available', 'no free ip_range is left in the network');
}

function newSubnet(network: NetworkRecord, input: z.infer<typeof SUBNET>): SubnetRecord {
  if (!NETWORK_ZONES.includes(input.network_zone))
    throw invalidInput('network_zone', `'${input.network_zone}' does not exist`);
  if (input.type === 'vswitch')
    throw invalidInput('vswitch_id', `vSwitch ${input.vswitch_id ?? 'without id'} does not exist`);
  if (network.subnets.length >= LIMITS.subnets) throw limitExceeded('subnet', LIMITS.subnets);
  const ipRange = input.ip_range ?? freeRange(network);
  const prefix = prefixInput('ip_range', ipRange);
  const outer = prefixInput('ip_range', network.ipRange);
  if (!contains(outer, prefix))
    throw invalidInput('ip_range', `is not inside the network's ip_range ${network.ipRange}`);
  if (prefix.bits > 30) throw invalidInput('ip_range', 'must be at least a /30');
  if (subnetPrefixes(network).some((other) => overlaps(other, prefix)))
    throw invalidInput('ip_range', 'overlaps another subnet');
  if (routePrefixes(network).some((other) => overlaps(other, prefix) && !contains(other, outer)))
    throw invalidInput('ip_range', 'overlaps a route');
  return { type: input.type, ipRange, networkZone: input.network_zone };
}

function newRoute(network: NetworkRecord, input: z.infer<typeof ROUTE>): { destination: string; gateway: string } {
  if (network.routes.length >= LIMITS.routes) throw limitExceeded('route', LIMITS.routes);
  const destination = prefixInput('destination', input.destination);
  const gateway = parseIpv4(input.gateway);
  const outer = prefixInput('ip_range', network.ipRange);
  if (gateway === undefined || !holds(outer, gateway))
    throw invalidInput('gateway', `is not an address of the network ${network.ipRange}`);
  if (input.gateway === gatewayOf(network)) throw invalidInput('gateway', 'must not be the gateway of the network');
  if (input.destination !== '0.0.0.0/0' && !isPrivate(destination))
    throw invalidInput('destination', 'must be a private range or 0.0.0.0/0');
  if (input.destination !== '0.0.0.0/0' && subnetPrefixes(network).some((other) => overlaps(other, destination)))
    throw invalidInput('destination', 'overlaps a subnet of the network');
  if (network.routes.some((route) => route.destination === input.destination))
    throw invalidInput('destination', 'there is a route to it already');
  if (
    input.destination !== '0.0.0.0/0' &&
    routePrefixes(network).some((other) => overlaps(other, destination) && !contains(other, outer))
  )
    throw invalidInput('destination', 'overlaps the destination of another route');
  return input;
}

function removeSubnet(project: Project, network: NetworkRecord, ipRange: string): SubnetRecord[] {
  const prefix = prefixInput('ip_range', ipRange);
  if (!network.subnets.some((subnet) => subnet.ipRange === ipRange))
    throw new ApiError(404, 'not_found', `subnet ${ipRange} not found`);
  const inside = (address: string) => holds(prefix, parseIpv4(address) ?? -1);
  const used = project
    .serversOfNetwork(network.id)
    .some((server) =>
      server.privateNet.some((entry) => entry.network === network.id && [entry.ip, ...entry.aliasIps].some(inside)),
    );
  if (used) throw new ApiError(409, 'service_error', 'cannot remove subnet because servers are attached to it');
  return network.subnets.filter((subnet) => subnet.ipRange !== ipRange);
}

export function networkRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  const answer = (project: Project, record: NetworkRecord) => ({ network: networkView(project, record) });
  routes.get('/', (context) =>
    listAnswer(context, 'networks', context.var.project.networks.all(), (record) =>
      networkView(context.var.project, record),
    ),
  );
  routes.post('/', async (context) => {
    const { project } = context.var;
    const input = await body(
      context,
      z.object({
        name: NAME,
        ip_range: z.string(),
        labels: LABELS,
        subnets: z.array(SUBNET).nullish(),
        routes: z.array(ROUTE).nullish(),
        expose_routes_to_vswitch: z.boolean().nullish(),
      }),
    );
    checkIpRange(input.ip_range);
    project.checkName(project.networks, 'network', input.name);
    if (project.networks.all().length >= LIMITS.networks) throw limitExceeded('network', LIMITS.networks);
    const record: NetworkRecord = {
      id: 0,
      name: input.name,
      labels: checkLabels(input.labels ?? {}),
      created: project.now,
      ipRange: input.ip_range,
      subnets: [],
      routes: [],
      deleteProtection: false,
      exposeRoutesToVswitch: input.expose_routes_to_vswitch ?? false,
      busyUntil: 0,
    };
    for (const subnet of input.subnets ?? []) record.subnets.push(newSubnet(record, subnet));
    for (const route of input.routes ?? []) record.routes.push(newRoute(record, route));
    record.id = project.nextId();
    project.networks.put(String(record.id), record);
    return context.json(answer(project, record), 201);
  });
  const one = (project: Project, id: number) => project.get(project.networks, 'network', id);
  routes.get('/:id', (context) =>
    context.json(answer(context.var.project, one(context.var.project, pathId(context, 'network')))),
  );
  routes.put('/:id', async (context) => {
    const { project } = context.var;
    const record = one(project, pathId(context, 'network'));
    const input = await body(
      context,
      z.object({ name: NAME.nullish(), labels: LABELS, expose_routes_to_vswitch: z.boolean().nullish() }),
    );
    const exposed = {
      ...record,
      exposeRoutesToVswitch: input.expose_routes_to_vswitch ?? record.exposeRoutesToVswitch,
    };
    return context.json(answer(project, project.rename(project.networks, 'network', exposed, input)));
  });
  routes.delete('/:id', (context) => {
    const { project } = context.var;
    const record = one(project, pathId(context, 'network'));
    if (record.deleteProtection) throw isProtected('network');
    // As documented, attached servers do not stop it: they are detached.
    for (const server of project.serversOfNetwork(record.id)) {
      project.servers.put(String(server.id), {
        ...server,
        privateNet: server.privateNet.filter((entry) => entry.network !== record.id),
      });
    }
    project.networks.delete(String(record.id));
    return context.body(null, 204);
  });

  /** Every change of a network is an action, one at a time. */
  const change = <T extends z.ZodType>(
    name: string,
    schema: T,
    effect: (project: Project, network: NetworkRecord, input: z.infer<T>) => Partial<NetworkRecord>,
  ) => {
    routes.post(`/:id/actions/${name}`, async (context) => {
      const { project } = context.var;
      const record = one(project, pathId(context, 'network'));
      const input = await body(context, schema);
      project.checkNoConflict(record);
      const changed = effect(project, record, input);
      const action = project.start(name, [{ id: record.id, type: 'network' }], [record.name]);
      project.networks.put(String(record.id), {
        ...record,
        ...(action.error === null ? changed : {}),
        busyUntil: action.finishes,
      });
      return context.json({ action: actionView(project, action) }, 201);
    });
  };
  change('add_subnet', SUBNET, (_, network, input) => ({ subnets: [...network.subnets, newSubnet(network, input)] }));
  change('delete_subnet', z.object({ ip_range: z.string() }), (project, network, input) => ({
    subnets: removeSubnet(project, network, input.ip_range),
  }));
  change('add_route', ROUTE, (_, network, input) => ({ routes: [...network.routes, newRoute(network, input)] }));
  change('delete_route', ROUTE, (_, network, input) => {
    const rest = network.routes.filter(
      (route) => route.destination !== input.destination || route.gateway !== input.gateway,
    );
    if (rest.length === network.routes.length)
      throw new ApiError(404, 'not_found', `route to ${input.destination} not found`);
    return { routes: rest };
  });
  change('change_protection', z.object({ delete: z.boolean() }), (_, __, input) => ({
    deleteProtection: input.delete,
  }));
  return routes;
}
