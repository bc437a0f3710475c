import { z } from 'zod';
import { UserError, type Inputs, type ResourceHandler } from '../../../io/rpc/types.ts';
import { ACTION_LIST, ACTION_OR_NULL, ONE_ACTION, retryOn, type HcloudClient, type Run } from './client.ts';
import { defineResource, flag, labels, list, numbers, text, texts } from '../resource.ts';
import { isObject, setOrder } from '../properties.ts';
import { attachBody, attachToNetwork } from './server-network.ts';
import { SERVER, SERVER_SPEC, publicNetOf, serverOutputs, type ApiServer } from './server-shape.ts';
import { updateServer } from './server-update.ts';

const ANSWER = z.object({ server: SERVER });
const DEPRECATION = z.object({ unavailable_after: z.string() }).nullish();
const SERVER_TYPE = z.object({
  id: z.number(),
  name: z.string(),
  architecture: z.string().nullish(),
  deprecation: DEPRECATION,
  locations: z.array(z.object({ name: z.string(), deprecation: DEPRECATION })).nullish(),
});
const IMAGE = z.object({ id: z.number(), name: z.string().nullish(), deprecated: z.string().nullish() });
const isNumber = (value: string) => /^\d+$/.test(value);
const past = (time: string | null | undefined) => typeof time === 'string' && Date.parse(time) <= Date.now();

async function findType({ client, signal }: Run, reference: string): Promise<z.infer<typeof SERVER_TYPE>> {
  const byId = isNumber(reference)
    ? (await client.find(signal, `/server_types/${reference}`, z.object({ server_type: SERVER_TYPE })))?.server_type
    : undefined;
  const found =
    byId ??
    (
      await client.call(
        signal,
        'GET',
        `/server_types?name=${encodeURIComponent(reference)}`,
        z.object({ server_types: z.array(SERVER_TYPE) }),
      )
    ).server_types[0];
  if (found === undefined) throw new UserError(`server type ${reference} not found`);
  return found;
}

async function findImage(
  { client, signal }: Run,
  reference: string,
  architecture: string,
): Promise<z.infer<typeof IMAGE>> {
  const byId = isNumber(reference)
    ? (await client.find(signal, `/images/${reference}`, z.object({ image: IMAGE })))?.image
    : undefined;
  const query = `architecture=${architecture}&include_deprecated=true&name=${encodeURIComponent(reference)}`;
  const found =
    byId ?? (await client.call(signal, 'GET', `/images?${query}`, z.object({ images: z.array(IMAGE) }))).images[0];
  if (found === undefined) throw new UserError(`image ${reference} for architecture ${architecture} not found`);
  if (past(found.deprecated))
    throw new UserError(
      `Image Unavailable: Image "${found.name ?? found.id}" is unavailable and can no longer be ordered.`,
    );
  return found;
}

async function findKey({ client, signal }: Run, reference: string): Promise<number> {
  const KEY = z.object({ id: z.number() });
  const byId = isNumber(reference)
    ? (await client.find(signal, `/ssh_keys/${reference}`, z.object({ ssh_key: KEY })))?.ssh_key
    : undefined;
  const found =
    byId ??
    (
      await client.call(
        signal,
        'GET',
        `/ssh_keys?name=${encodeURIComponent(reference)}`,
        z.object({ ssh_keys: z.array(KEY) }),
      )
    ).ssh_keys[0];
  if (found === undefined) throw new UserError(`SSH key not found: ${reference}`);
  return found.id;
}

/** The body of POST /servers, after the look-ups that the plugin makes for it. */
async function createBody(run: Run, news: Inputs): Promise<Record<string, unknown>> {
  const { client, signal } = run;
  const type = await findType(run, text(news, 'serverType'));
  const image = await findImage(run, typeof news.image === 'string' ? news.image : '', type.architecture ?? 'x86');
  const location = typeof news.location === 'string' && news.location !== '' ? news.location : undefined;
  const chosen = type.locations?.find((candidate) => candidate.name === location);
  if (past(type.deprecation?.unavailable_after) || past(chosen?.deprecation?.unavailable_after))
    throw new UserError(
      `Server type "${type.name}" is unavailable in ${location ?? 'all locations'} and can no longer be ordered.`,
    );
  const keys: number[] = [];
  for (const key of texts(news.sshKeys)) keys.push(await findKey(run, key));
  const group =
    typeof news.placementGroupId === 'number' && news.placementGroupId !== 0 ? news.placementGroupId : undefined;
  if (group !== undefined && (await client.find(signal, `/placement_groups/${group}`, z.unknown())) === undefined)
    throw new UserError(`placement group not found: ${group}`);
  const net = publicNetOf(news.publicNets);
  const [ipv4, ipv6] = [net?.ipv4 ?? 0, net?.ipv6 ?? 0];
  const noPublic = net !== undefined && !net.ipv4Enabled && !net.ipv6Enabled && ipv4 === 0 && ipv6 === 0;
  return {
    name: text(news, 'name'),
    server_type: text(news, 'serverType'),
    image: image.id,
    ...(keys.length > 0 ? { ssh_keys: keys } : {}),
    ...(location === undefined ? {} : { location }),
    ...(typeof news.userData === 'string' && news.userData !== '' ? { user_data: news.userData } : {}),
    ...(Object.keys(labels(news.labels)).length > 0 ? { labels: labels(news.labels) } : {}),
    ...(list(news.firewallIds).length > 0
      ? { firewalls: numbers(setOrder(list(news.firewallIds))).map((firewall) => ({ firewall })) }
      : {}),
    ...(group === undefined ? {} : { placement_group: group }),
    ...(net === undefined
      ? {}
      : {
          public_net: {
            enable_ipv4: net.ipv4Enabled || ipv4 !== 0,
            enable_ipv6: net.ipv6Enabled || ipv6 !== 0,
            ...(ipv4 === 0 ? {} : { ipv4 }),
            ...(ipv6 === 0 ? {} : { ipv6 }),
          },
        }),
    ...(noPublic && list(news.networks).length > 0 ? { start_after_create: false } : {}),
  };
}

async function create(run: Run, news: Inputs, made: (id: string) => void): Promise<{ id: string }> {
  const { client, signal } = run;
  const body = await createBody(run, news);
  const answer = await client.call(
    signal,
    'POST',
    '/servers',
    ANSWER.extend({ action: ACTION_OR_NULL, next_actions: ACTION_LIST }),
    body,
  );
  const id = String(answer.server.id);
  made(id);
  // One after the other, each with its own polling, as the plugin does.
  await client.wait(signal, answer.action);
  for (const action of answer.next_actions ?? []) await client.wait(signal, action);
  for (const entry of list(news.networks)) {
    if (isObject(entry)) await attachToNetwork(run, id, attachBody(entry));
  }
  if (body.start_after_create === false) await client.act(signal, `/servers/${id}/actions/poweron`);
  if (flag(news.backups)) await client.act(signal, `/servers/${id}/actions/enable_backup`);
  if (flag(news.deleteProtection) || flag(news.rebuildProtection)) {
    await client.act(signal, `/servers/${id}/actions/change_protection`, {
      rebuild: flag(news.rebuildProtection),
      delete: flag(news.deleteProtection),
    });
  }
  return { id };
}

async function find({ client, signal }: Run, id: string): Promise<ApiServer | undefined> {
  return (await client.find(signal, `/servers/${id}`, ANSWER))?.server;
}

/** A guest that does not go down in time is deleted all the same, with a warning. */
async function shutDown(run: Run, id: string): Promise<void> {
  await run.client.act(run.signal, `/servers/${id}/actions/shutdown`);
  for (let attempt = 0; attempt < 5; attempt++) {
    if ((await find(run, id))?.status === 'off') return;
    await new Promise((resolve) => setTimeout(resolve, 1000 * 2 ** attempt));
  }
  run.op.log('warning', `Server id ${id} did not finish shutting down gracefully in time, deleting it anyways.`);
}

/** hcloud:index/server:Server */
export const server: ResourceHandler<HcloudClient> = defineResource(SERVER_SPEC, {
  create,
  read: async (run, id, state) => {
    const found = await find(run, id);
    return found === undefined ? undefined : serverOutputs(found, state);
  },
  update: async (run, id, olds, news, changed) => {
    const found = await find(run, id);
    if (found === undefined) throw new UserError(`server ${id} is gone`);
    await updateServer(run, found, olds, news, changed);
    return undefined;
  },
  // Whether to shut down first is decided by state, not by the program.
  delete: async (run, id, olds) => {
    const { client, signal } = run;
    if (flag(olds.shutdownBeforeDeletion)) await shutDown(run, id);
    const { action } = await retryOn(signal, [], 1, () => client.call(signal, 'DELETE', `/servers/${id}`, ONE_ACTION));
    await client.wait(signal, action);
  },
});
