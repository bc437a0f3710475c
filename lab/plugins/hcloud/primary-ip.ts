import { z } from 'zod';
import type { CheckFailure, Inputs, Operation, ResourceHandler } from '../../../io/rpc/types.ts';
import { ACTION_OR_NULL, ApiFailure, retryOn, type HcloudClient, type Run } from './client.ts';
import { defineResource, flag, labels, number, text } from '../resource.ts';

const PRIMARY_IP = z.object({
  id: z.number(),
  name: z.string(),
  type: z.enum(['ipv4', 'ipv6']),
  ip: z.string(),
  location: z.object({ name: z.string() }).nullish(),
  labels: z.record(z.string(), z.string()).nullish(),
  assignee_id: z.number().nullish(),
  assignee_type: z.string().nullish(),
  auto_delete: z.boolean().nullish(),
  protection: z.object({ delete: z.boolean() }).nullish(),
});
const ANSWER = z.object({ primary_ip: PRIMARY_IP });
const SERVER = z.object({
  server: z.object({
    public_net: z.object({
      ipv4: z.object({ id: z.number().nullish() }).nullish(),
      ipv6: z.object({ id: z.number().nullish() }).nullish(),
    }),
  }),
});

const REMOVED = 'The datacenter attribute is marked for removal, you must use the location attribute instead.';

function outputs(ip: z.infer<typeof PRIMARY_IP>): Inputs {
  return {
    name: ip.name,
    type: ip.type,
    ipAddress: ip.ip.split('/', 1)[0],
    ipNetwork: ip.type === 'ipv6' ? ip.ip : undefined,
    location: ip.location?.name,
    assigneeId: ip.assignee_id ?? 0,
    assigneeType: ip.assignee_type ?? '',
    labels: ip.labels,
    deleteProtection: ip.protection?.delete ?? false,
    autoDelete: ip.auto_delete ?? false,
  };
}

function validate(inputs: Inputs, op: Operation): CheckFailure[] {
  const [location, id, type] = [inputs.location, inputs.assigneeId, inputs.assigneeType];
  if ((location === undefined) === (id === undefined))
    return [
      { property: 'location', reason: 'Exactly one of these attributes must be configured: [location,assignee_id]' },
    ];
  if (id !== undefined && type === undefined)
    return [
      { property: 'assigneeId', reason: 'These attributes must be configured together: [assignee_id,assignee_type]' },
    ];
  if (type !== undefined && id === undefined) {
    op.log(
      'warning',
      'assigneeType: This attribute is now optional and is only required together with the assignee_id attribute. Please remove it from your configuration.',
    );
  }
  return [];
}

async function changeProtection({ client, signal }: Run, id: string, value: boolean): Promise<void> {
  await client.act(signal, `/primary_ips/${id}/actions/change_protection`, { delete: value });
}

/** A server that still carries the address goes off for as long as it takes; refusals are ignored, as in the plugin. */
async function takeFromServer({ client, signal }: Run, id: string, assignee: number): Promise<void> {
  const server = await client.find(signal, `/servers/${assignee}`, SERVER);
  const net = server?.server.public_net;
  if (net?.ipv4?.id !== Number(id) && net?.ipv6?.id !== Number(id)) return;
  for (const path of [
    `/servers/${assignee}/actions/poweroff`,
    `/primary_ips/${id}/actions/unassign`,
    `/servers/${assignee}/actions/poweron`,
  ]) {
    try {
      await client.act(signal, path);
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
    }
  }
}

/** hcloud:index/primaryIp:PrimaryIp, a framework type. */
export const primaryIp: ResourceHandler<HcloudClient> = defineResource(
  {
    framework: true,
    named: true,
    properties: {
      name: { type: 'string' },
      type: { type: 'string', required: true, replace: true },
      location: { type: 'string', replace: true, computed: true },
      datacenter: { type: 'string', computed: true, refuse: () => REMOVED },
      assigneeId: { type: 'number', computed: true },
      assigneeType: { type: 'string', computed: true },
      autoDelete: { type: 'boolean', default: false },
      labels: { type: 'map', default: {} },
      deleteProtection: { type: 'boolean', default: false },
    },
    outputs: ['ipAddress', 'ipNetwork'],
  },
  {
    validate,
    create: async (run, news, made) => {
      const { client, signal } = run;
      const place =
        typeof news.location === 'string'
          ? { location: news.location }
          : { assignee_id: number(news, 'assigneeId'), assignee_type: text(news, 'assigneeType') };
      const answer = await client.call(signal, 'POST', '/primary_ips', ANSWER.extend({ action: ACTION_OR_NULL }), {
        name: text(news, 'name'),
        type: text(news, 'type'),
        labels: labels(news.labels),
        auto_delete: flag(news.autoDelete),
        ...place,
      });
      const id = String(answer.primary_ip.id);
      made(id);
      await client.wait(signal, answer.action);
      if (flag(news.deleteProtection)) await changeProtection(run, id, true);
      return { id };
    },
    read: async ({ client, signal }, id) => {
      const answer = await client.find(signal, `/primary_ips/${id}`, ANSWER);
      return answer === undefined ? undefined : outputs(answer.primary_ip);
    },
    update: async (run, id, olds, news, changed) => {
      const { client, signal } = run;
      if (changed.has('deleteProtection')) await changeProtection(run, id, flag(news.deleteProtection));
      if (changed.has('assigneeId') || changed.has('assigneeType')) {
        if (Number(olds.assigneeId ?? 0) > 0) await client.act(signal, `/primary_ips/${id}/actions/unassign`);
        if (Number(news.assigneeId ?? 0) > 0)
          await client.act(signal, `/primary_ips/${id}/actions/assign`, {
            assignee_id: number(news, 'assigneeId'),
            assignee_type: text(news, 'assigneeType'),
          });
      }
      // Always sent, empty if need be: the plugin takes the new state from its answer.
      const body = {
        ...(changed.has('name') ? { name: text(news, 'name') } : {}),
        ...(changed.has('labels') ? { labels: labels(news.labels) } : {}),
        ...(changed.has('autoDelete') ? { auto_delete: flag(news.autoDelete) } : {}),
      };
      return outputs((await client.call(signal, 'PUT', `/primary_ips/${id}`, ANSWER, body)).primary_ip);
    },
    delete: async (run, id, olds) => {
      const { client, signal } = run;
      const assignee = Number(olds.assigneeId ?? 0);
      if (assignee > 0 && olds.assigneeType === 'server') await takeFromServer(run, id, assignee);
      try {
        await retryOn(signal, ['conflict', 'must_be_unassigned', 'resource_in_use', 'locked'], 10, () =>
          client.call(signal, 'DELETE', `/primary_ips/${id}`, z.unknown()),
        );
      } catch (error) {
        if (!(error instanceof ApiFailure && error.code === 'not_found')) throw error;
      }
    },
  },
);
