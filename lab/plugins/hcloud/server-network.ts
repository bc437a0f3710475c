import { z } from 'zod';
import { UserError, type CheckFailure, type Inputs, type ResourceHandler } from '../../../io/rpc/types.ts';
import { ApiFailure, ONE_ACTION, retryOn, type HcloudClient, type Run } from './client.ts';
import { splitId } from './network.ts';
import { defineResource, number, text, texts } from '../resource.ts';

export const PRIVATE_NET = z.object({
  network: z.number(),
  ip: z.string().nullish(),
  alias_ips: z.array(z.string()).nullish(),
  mac_address: z.string().nullish(),
});
const ANSWER = z.object({ server: z.object({ id: z.number(), private_net: z.array(PRIVATE_NET).nullish() }) });

/** POST attach_to_network with the plugin's patience; an attachment that is there already counts as done. */
export async function attachToNetwork(
  { client, signal }: Run,
  server: number | string,
  body: { network: number; ip?: string; alias_ips?: string[]; ip_range?: string },
): Promise<void> {
  try {
    const { action } = await retryOn(signal, ['conflict', 'locked', 'service_error', 'no_subnet_available'], 5, () =>
      client.call(signal, 'POST', `/servers/${server}/actions/attach_to_network`, ONE_ACTION, body),
    );
    await client.wait(signal, action);
  } catch (error) {
    if (!(error instanceof ApiFailure && error.code === 'server_already_attached')) throw error;
  }
}

export async function detachFromNetwork(
  { client, signal }: Run,
  server: number | string,
  network: number,
): Promise<void> {
  try {
    const { action } = await retryOn(signal, ['conflict', 'locked', 'service_error'], 5, () =>
      client.call(signal, 'POST', `/servers/${server}/actions/detach_from_network`, ONE_ACTION, { network }),
    );
    await client.wait(signal, action);
  } catch (error) {
    if (!(error instanceof ApiFailure && error.code === 'not_found')) throw error;
  }
}

/** Body of attach_to_network for the arguments of the program. */
export function attachBody(values: Inputs): { network: number; ip?: string; alias_ips?: string[]; ip_range?: string } {
  const subnet = typeof values.subnetId === 'string' && values.subnetId !== '' ? splitId(values.subnetId) : undefined;
  const aliases = texts(values.aliasIps).toSorted();
  return {
    network: subnet?.network ?? number(values, 'networkId'),
    ...(subnet === undefined ? {} : { ip_range: subnet.prefix }),
    ...(typeof values.ip === 'string' && values.ip !== '' ? { ip: text(values, 'ip') } : {}),
    ...(aliases.length > 0 ? { alias_ips: aliases } : {}),
  };
}

function halves(id: string): { server: number; network: number } {
  const { network: server, prefix } = splitId(id);
  if (!/^\d+$/.test(prefix)) throw new UserError(`${id} is not an id of the form SERVER-NETWORK`);
  return { server, network: Number(prefix) };
}

function validate(inputs: Inputs): CheckFailure[] {
  return (inputs.networkId === undefined) === (inputs.subnetId === undefined)
    ? [{ property: 'networkId', reason: 'Exactly one of these attributes must be configured: [network_id,subnet_id]' }]
    : [];
}

/**
 * hcloud:index/serverNetwork:ServerNetwork, a framework type: a replacement attaches first, is told "already attached",
 * and then the old one detaches. Programs set deleteBeforeReplace.
 */
export const serverNetwork: ResourceHandler<HcloudClient> = defineResource(
  {
    framework: true,
    named: false,
    properties: {
      serverId: { type: 'number', required: true, replace: true },
      networkId: { type: 'number', replace: true, computed: true },
      subnetId: { type: 'string', replace: true },
      ip: { type: 'string', replace: true, computed: true },
      aliasIps: { type: 'list', set: true, default: [] },
    },
    outputs: ['macAddress'],
  },
  {
    validate,
    create: async (run, news) => {
      const body = attachBody(news);
      await attachToNetwork(run, number(news, 'serverId'), body);
      return { id: `${number(news, 'serverId')}-${body.network}` };
    },
    read: async ({ client, signal }, id) => {
      const { server: serverId, network: networkId } = halves(id);
      const entry = (await client.find(signal, `/servers/${serverId}`, ANSWER))?.server.private_net?.find(
        (candidate) => candidate.network === networkId,
      );
      return entry === undefined
        ? undefined
        : { serverId, networkId, ip: entry.ip, aliasIps: entry.alias_ips ?? [], macAddress: entry.mac_address };
    },
    update: async ({ client, signal }, id, _olds, news, changed) => {
      const { server, network } = halves(id);
      if (changed.has('aliasIps'))
        await client.act(signal, `/servers/${server}/actions/change_alias_ips`, {
          network,
          alias_ips: texts(news.aliasIps).toSorted(),
        });
      return undefined;
    },
    delete: async (run, id) => {
      const { server, network } = halves(id);
      await detachFromNetwork(run, server, network);
    },
  },
);
