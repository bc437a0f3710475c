import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { UserError, type ResourceHandler, type Value } from '../../../io/rpc/types.ts';
import { ApiFailure, ONE_ACTION, retryOn, type HcloudClient, type Run } from './client.ts';
import { defineResource, flag, labels, number, shown, text } from '../resource.ts';

const NETWORK = z.object({
  id: z.number(),
  name: z.string(),
  ip_range: z.string(),
  labels: z.record(z.string(), z.string()).nullish(),
  subnets: z
    .array(
      z.object({ type: z.string(), ip_range: z.string(), network_zone: z.string(), gateway: z.string().nullish() }),
    )
    .nullish(),
  routes: z.array(z.object({ destination: z.string(), gateway: z.string() })).nullish(),
  protection: z.object({ delete: z.boolean() }).nullish(),
  expose_routes_to_vswitch: z.boolean().nullish(),
});
type Network = z.infer<typeof NETWORK>;
const ANSWER = z.object({ network: NETWORK });

/** The plugin sends networks, whatever host bits the program wrote. */
function networkCidr(value: string): string {
  try {
    const [, bits] = ipaddr.parseCIDR(value);
    const base = ipaddr.IPv4.isValid(value.split('/', 1)[0] ?? '')
      ? ipaddr.IPv4.networkAddressFromCIDR(value)
      : ipaddr.IPv6.networkAddressFromCIDR(value);
    return `${base.toString()}/${bits}`;
  } catch {
    throw new UserError(`invalid CIDR address: ${value}`);
  }
}

function refuseCidr(value: Value): string | undefined {
  return typeof value === 'string' && ipaddr.isValidCIDR(value)
    ? undefined
    : `expected a CIDR value, got ${JSON.stringify(value)}`;
}

async function find({ client, signal }: Run, id: string | number): Promise<Network | undefined> {
  return (await client.find(signal, `/networks/${id}`, ANSWER))?.network;
}

async function change(
  { client, signal }: Run,
  id: string | number,
  command: string,
  codes: readonly string[],
  tries: number,
  body: object,
): Promise<void> {
  const { action } = await retryOn(signal, codes, tries, () =>
    client.call(signal, 'POST', `/networks/${id}/actions/${command}`, ONE_ACTION, body),
  );
  await client.wait(signal, action);
}

/** hcloud:index/network:Network */
export const network: ResourceHandler<HcloudClient> = defineResource(
  {
    framework: false,
    named: true,
    properties: {
      name: { type: 'string' },
      ipRange: { type: 'string', required: true, replace: true, refuse: refuseCidr },
      labels: { type: 'map' },
      deleteProtection: { type: 'boolean', default: false },
      exposeRoutesToVswitch: { type: 'boolean', default: false },
    },
    outputs: [],
  },
  {
    create: async (run, news, made) => {
      const { client, signal } = run;
      const answer = await client.call(signal, 'POST', '/networks', ANSWER, {
        name: text(news, 'name'),
        ip_range: networkCidr(text(news, 'ipRange')),
        labels: labels(news.labels),
        expose_routes_to_vswitch: flag(news.exposeRoutesToVswitch),
      });
      const id = String(answer.network.id);
      made(id);
      if (flag(news.deleteProtection))
        await client.act(signal, `/networks/${id}/actions/change_protection`, { delete: true });
      return { id };
    },
    read: async (run, id) => {
      const found = await find(run, id);
      return found === undefined
        ? undefined
        : {
            name: found.name,
            ipRange: found.ip_range,
            labels: found.labels,
            deleteProtection: found.protection?.delete ?? false,
            exposeRoutesToVswitch: found.expose_routes_to_vswitch ?? false,
          };
    },
    update: async (run, id, _olds, news, changed) => {
      const { client, signal } = run;
      if ((await find(run, id)) === undefined) throw new UserError(`network ${id} is gone`);
      const put = (body: object) => client.call(signal, 'PUT', `/networks/${id}`, ANSWER, body);
      if (changed.has('name')) await put({ name: text(news, 'name') });
      if (changed.has('labels')) await put({ labels: labels(news.labels) });
      if (changed.has('exposeRoutesToVswitch'))
        await put({ expose_routes_to_vswitch: flag(news.exposeRoutesToVswitch) });
      if (changed.has('deleteProtection'))
        await client.act(signal, `/networks/${id}/actions/change_protection`, {
          delete: flag(news.deleteProtection),
        });
      return undefined;
    },
    delete: async ({ client, signal }, id) => {
      try {
        await client.call(signal, 'DELETE', `/networks/${id}`, z.unknown());
      } catch (error) {
        if (!(error instanceof ApiFailure && error.code === 'not_found')) throw error;
      }
    },
  },
);

/** `1001-10.0.1.0/24` → both halves. */
export function splitId(id: string): { network: number; prefix: string } {
  const match = /^(\d+)-(.+)$/.exec(id);
  if (match === null) throw new UserError(`${id} is not an id of the form NETWORK-PREFIX`);
  return { network: Number(match[1]), prefix: match[2] ?? '' };
}

/** Reached only after a create that failed half way: nothing can be changed in place, the read that follows decides. */
const nothingToUpdate = (): Promise<undefined> => Promise.resolve(undefined);

/** hcloud:index/networkSubnet:NetworkSubnet; every change replaces. */
export const networkSubnet: ResourceHandler<HcloudClient> = defineResource(
  {
    framework: false,
    named: false,
    properties: {
      networkId: { type: 'number', required: true, replace: true },
      type: {
        type: 'string',
        required: true,
        replace: true,
        refuse: (value) =>
          ['cloud', 'server', 'vswitch'].includes(shown(value))
            ? undefined
            : 'expected type to be one of ["cloud" "server" "vswitch"]',
      },
      networkZone: { type: 'string', required: true, replace: true },
      ipRange: { type: 'string', required: true, replace: true },
      vswitchId: { type: 'number', replace: true },
    },
    outputs: ['gateway'],
  },
  {
    create: async (run, news, made) => {
      const { client, signal } = run;
      const networkId = number(news, 'networkId');
      const range = networkCidr(text(news, 'ipRange'));
      const type = text(news, 'type');
      const body = {
        type,
        ip_range: range,
        network_zone: text(news, 'networkZone'),
        ...(type === 'vswitch' ? { vswitch_id: number(news, 'vswitchId') } : {}),
      };
      const { action } = await retryOn(signal, ['conflict', 'vswitch_id_already_used'], 5, () =>
        client.call(signal, 'POST', `/networks/${networkId}/actions/add_subnet`, ONE_ACTION, body),
      );
      const id = `${networkId}-${range}`;
      made(id);
      await client.wait(signal, action);
      return { id };
    },
    read: async (run, id) => {
      const { network: networkId, prefix } = splitId(id);
      const subnet = (await find(run, networkId))?.subnets?.find((candidate) => candidate.ip_range === prefix);
      return subnet === undefined
        ? undefined
        : {
            networkId,
            type: subnet.type,
            networkZone: subnet.network_zone,
            ipRange: subnet.ip_range,
            gateway: subnet.gateway ?? '<nil>',
          };
    },
    update: nothingToUpdate,
    delete: async (run, id) => {
      const { network: networkId, prefix } = splitId(id);
      const attached = (error: unknown) =>
        error instanceof ApiFailure &&
        error.code === 'service_error' &&
        /servers are attached|network has attached resources/.test(error.message);
      for (let attempt = 0; ; attempt++) {
        const found = await find(run, networkId);
        if (found?.subnets?.some((candidate) => candidate.ip_range === prefix) !== true) return;
        try {
          await change(run, networkId, 'delete_subnet', ['conflict', 'locked'], 50, { ip_range: prefix });
          return;
        } catch (error) {
          if (error instanceof ApiFailure && error.code === 'not_found') return;
          // The plugin waits for servers to leave, then gives the subnet up silently: its network is thought to go next.
          if (!attached(error)) throw error;
          if (attempt >= 5) return;
          await new Promise((resolve) => setTimeout(resolve, 1000 * 2 ** attempt));
        }
      }
    },
  },
);

/** hcloud:index/networkRoute:NetworkRoute; every change replaces. */
export const networkRoute: ResourceHandler<HcloudClient> = defineResource(
  {
    framework: false,
    named: false,
    properties: {
      networkId: { type: 'number', required: true, replace: true },
      destination: { type: 'string', required: true, replace: true },
      gateway: { type: 'string', required: true, replace: true },
    },
    outputs: [],
  },
  {
    create: async (run, news, made) => {
      const { client, signal } = run;
      const networkId = number(news, 'networkId');
      const destination = networkCidr(text(news, 'destination'));
      const { action } = await retryOn(signal, ['conflict'], 5, () =>
        client.call(signal, 'POST', `/networks/${networkId}/actions/add_route`, ONE_ACTION, {
          destination,
          gateway: text(news, 'gateway'),
        }),
      );
      const id = `${networkId}-${destination}`;
      made(id);
      await client.wait(signal, action);
      return { id };
    },
    read: async (run, id) => {
      const { network: networkId, prefix } = splitId(id);
      const route = (await find(run, networkId))?.routes?.find((candidate) => candidate.destination === prefix);
      return route === undefined ? undefined : { networkId, destination: route.destination, gateway: route.gateway };
    },
    update: nothingToUpdate,
    delete: async (run, id) => {
      const { network: networkId, prefix } = splitId(id);
      const route = (await find(run, networkId))?.routes?.find((candidate) => candidate.destination === prefix);
      if (route === undefined) return;
      try {
        await change(run, networkId, 'delete_route', ['conflict'], 5, route);
      } catch (error) {
        if (!(error instanceof ApiFailure && error.code === 'not_found')) throw error;
      }
    },
  },
);
