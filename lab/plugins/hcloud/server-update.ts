import { z } from 'zod';
import { UserError, type Inputs } from '../../../io/rpc/types.ts';
import { MANY_ACTIONS, retryOn, type Run } from './client.ts';
import { flag, labels, list, numbers, text, texts } from '../resource.ts';
import { canonical, isObject } from '../properties.ts';
import { attachBody, attachToNetwork, detachFromNetwork } from './server-network.ts';
import { publicNetOf, type ApiServer } from './server-shape.ts';

/** Only what changed, in the plugin's order. */
export async function updateServer(
  run: Run,
  server: ApiServer,
  olds: Inputs,
  news: Inputs,
  changed: Set<string>,
): Promise<void> {
  const { client, signal } = run;
  const put = (body: object) => client.call(signal, 'PUT', `/servers/${server.id}`, z.unknown(), body);
  const act = (command: string, body?: object) => client.act(signal, `/servers/${server.id}/actions/${command}`, body);
  if (changed.has('name')) await put({ name: text(news, 'name') });
  if (changed.has('labels')) await put({ labels: labels(news.labels) });
  if (changed.has('serverType')) {
    if (server.status === 'running') await act('poweroff');
    await act('change_type', { server_type: text(news, 'serverType'), upgrade_disk: !flag(news.keepDisk) });
    // No power on: the official plugin leaves a resized server off.
  }
  if (changed.has('backups')) await act(flag(news.backups) ? 'enable_backup' : 'disable_backup');
  if (changed.has('networks')) await updateNetworks(run, server, news);
  if (changed.has('firewallIds')) await updateFirewalls(run, server, numbers(news.firewallIds));
  if (changed.has('publicNets')) await updatePublicNet(run, server, olds, news);
  if (changed.has('placementGroupId')) await updatePlacementGroup(run, server, Number(news.placementGroupId ?? 0));
  if (changed.has('deleteProtection') || changed.has('rebuildProtection')) {
    await act('change_protection', {
      rebuild: flag(news.rebuildProtection),
      delete: flag(news.deleteProtection),
    });
  }
}

async function updateNetworks(run: Run, server: ApiServer, news: Inputs): Promise<void> {
  const wanted = new Map(
    list(news.networks)
      .filter(isObject)
      .map((entry) => [attachBody(entry).network, entry]),
  );
  for (const entry of server.private_net ?? []) {
    const next = wanted.get(entry.network);
    wanted.delete(entry.network);
    if (next === undefined) await detachFromNetwork(run, server.id, entry.network);
    else if (typeof next.ip === 'string' && next.ip !== '' && next.ip !== entry.ip) {
      await detachFromNetwork(run, server.id, entry.network);
      await attachToNetwork(run, server.id, attachBody(next));
    } else if (canonical(next.aliasIps ?? []) !== canonical(entry.alias_ips ?? [])) {
      await run.client.act(run.signal, `/servers/${server.id}/actions/change_alias_ips`, {
        network: entry.network,
        alias_ips: texts(next.aliasIps),
      });
    }
  }
  for (const entry of wanted.values()) await attachToNetwork(run, server.id, attachBody(entry));
}

async function updateFirewalls({ client, signal }: Run, server: ApiServer, wanted: number[]): Promise<void> {
  const resources = [{ type: 'server', server: { id: server.id } }];
  const had = (server.public_net.firewalls ?? []).map((firewall) => firewall.id);
  const post = async (id: number, command: string, body: object) => {
    const { actions } = await client.call(signal, 'POST', `/firewalls/${id}/actions/${command}`, MANY_ACTIONS, body);
    await client.wait(signal, ...(actions ?? []));
  };
  for (const id of had.filter((firewall) => !wanted.includes(firewall)))
    await post(id, 'remove_from_resources', { remove_from: resources });
  for (const id of wanted.filter((firewall) => !had.includes(firewall)))
    await post(id, 'apply_to_resources', { apply_to: resources });
}

async function updatePlacementGroup(run: Run, server: ApiServer, wanted: number): Promise<void> {
  const act = (command: string, body?: object) =>
    run.client.act(run.signal, `/servers/${server.id}/actions/${command}`, body);
  if (typeof server.placement_group?.id === 'number') {
    if (server.status !== 'off') {
      throw new UserError(
        'removing a running server from a placement group is currently not supported in the provider. You can shutdown the server yourself, apply the changes again and then start the server manually as a workaround',
      );
    }
    await act('remove_from_placement_group');
  }
  if (wanted !== 0) await act('add_to_placement_group', { placement_group: wanted });
}

/** The server is off while its public addresses change, and on afterwards. */
async function updatePublicNet(run: Run, server: ApiServer, olds: Inputs, news: Inputs): Promise<void> {
  const { client, signal } = run;
  const [before, after] = [publicNetOf(olds.publicNets), publicNetOf(news.publicNets)];
  await client.act(signal, `/servers/${server.id}/actions/poweroff`);
  try {
    for (const type of ['ipv4', 'ipv6'] as const) {
      const enabled = after?.[`${type}Enabled`] ?? true;
      const had = before?.[type] ?? 0;
      await changeAddress(run, {
        server: server.id,
        location: server.location?.name,
        type,
        enabled,
        wanted: after?.[type] ?? 0,
        had,
        assigned: server.public_net[type]?.id ?? 0,
      });
    }
  } finally {
    await retryOn(signal, ['conflict', 'locked'], 5, () => client.act(signal, `/servers/${server.id}/actions/poweron`));
  }
}

interface AddressChange {
  server: number;
  location: string | undefined;
  type: 'ipv4' | 'ipv6';
  enabled: boolean;
  /** Primary IP in the program; 0 = none named. */
  wanted: number;
  /** Primary IP that state named. */
  had: number;
  /** What the server carries now. */
  assigned: number;
}

async function changeAddress({ client, signal }: Run, change: AddressChange): Promise<void> {
  const { type, enabled, wanted, had, assigned } = change;
  if (!enabled && wanted !== 0)
    throw new UserError(`this operation is not allowed: ${type}_enabled = false | ${type} = ${wanted}`);
  if (enabled && (wanted === 0 ? assigned !== 0 && had === 0 : assigned === wanted)) return;
  if (assigned !== 0) {
    await client.act(signal, `/primary_ips/${assigned}/actions/unassign`);
    // One that the program never named was made with the server, and goes.
    if (had === 0) await client.call(signal, 'DELETE', `/primary_ips/${assigned}`, z.unknown());
  }
  if (wanted !== 0)
    await client.act(signal, `/primary_ips/${wanted}/actions/assign`, {
      assignee_id: change.server,
      assignee_type: 'server',
    });
  else if (enabled) {
    const body = {
      name: `primary_ip-${change.server}-${type}`,
      type,
      auto_delete: true,
      assignee_id: change.server,
      assignee_type: 'server',
    };
    const { action } = await client.call(
      signal,
      'POST',
      '/primary_ips',
      z.object({
        action: z
          .object({ id: z.number(), command: z.string(), status: z.enum(['running', 'success', 'error']) })
          .nullish(),
      }),
      body,
    );
    await client.wait(signal, action);
  }
}
