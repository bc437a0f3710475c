import { z } from 'zod';
import { UserError, type ResourceHandler } from '../../../io/rpc/types.ts';
import { ACTION_OR_NULL, type HcloudClient } from './client.ts';
import { defineResource, labels, shown, text } from '../resource.ts';

const GROUP = z.object({
  id: z.number(),
  name: z.string(),
  type: z.string(),
  labels: z.record(z.string(), z.string()).nullish(),
  servers: z.array(z.number()).nullish(),
});
const ANSWER = z.object({ placement_group: GROUP });

/** hcloud:index/placementGroup:PlacementGroup */
export const placementGroup: ResourceHandler<HcloudClient> = defineResource(
  {
    framework: false,
    named: true,
    properties: {
      name: { type: 'string' },
      type: {
        type: 'string',
        required: true,
        refuse: (value) => (value === 'spread' ? undefined : `${shown(value)} is not a valid placement group type`),
      },
      labels: { type: 'map' },
    },
    outputs: ['servers'],
  },
  {
    create: async ({ client, signal }, news, made) => {
      const answer = await client.call(signal, 'POST', '/placement_groups', ANSWER.extend({ action: ACTION_OR_NULL }), {
        name: text(news, 'name'),
        labels: labels(news.labels),
        type: text(news, 'type'),
      });
      const id = String(answer.placement_group.id);
      made(id);
      await client.wait(signal, answer.action);
      return { id };
    },
    read: async ({ client, signal }, id) => {
      const group = (await client.find(signal, `/placement_groups/${id}`, ANSWER))?.placement_group;
      return group === undefined
        ? undefined
        : { name: group.name, type: group.type, labels: group.labels, servers: group.servers ?? [] };
    },
    update: async ({ client, signal }, id, _olds, news, changed) => {
      if ((await client.find(signal, `/placement_groups/${id}`, ANSWER)) === undefined)
        throw new UserError(`placement group ${id} is gone`);
      if (changed.has('name'))
        await client.call(signal, 'PUT', `/placement_groups/${id}`, ANSWER, { name: text(news, 'name') });
      if (changed.has('labels'))
        await client.call(signal, 'PUT', `/placement_groups/${id}`, ANSWER, { labels: labels(news.labels) });
      return undefined;
    },
    // A group that is gone already is an error of the plugin, not success.
    delete: async ({ client, signal }, id) => {
      await client.call(signal, 'DELETE', `/placement_groups/${id}`, z.unknown());
    },
  },
);
