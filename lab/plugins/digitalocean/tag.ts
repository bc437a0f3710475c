import { z } from 'zod';
import type { ResourceHandler } from '../../../io/rpc/types.ts';
import type { ResourceSpec } from '../properties.ts';
import { defineResource, text } from '../resource.ts';
import { tagName } from './checks.ts';
import { explained, type DigitalOceanClient } from './client.ts';

const COUNT = z.object({ count: z.number().nullish() }).nullish();
const ANSWER = z.object({
  tag: z.object({
    name: z.string(),
    resources: z.object({
      count: z.number().nullish(),
      droplets: COUNT,
      images: COUNT,
      volumes: COUNT,
      volume_snapshots: COUNT,
      databases: COUNT,
    }),
  }),
});

export const TAG_SPEC: ResourceSpec = {
  framework: false,
  named: true,
  properties: { name: { type: 'string', replace: true, refuse: tagName } },
  outputs: [
    'databasesCount',
    'dropletsCount',
    'imagesCount',
    'totalResourceCount',
    'volumeSnapshotsCount',
    'volumesCount',
  ],
};

/** digitalocean:index/tag:Tag. A tag that exists is taken as made: that is what the service answers. */
export const tag: ResourceHandler<DigitalOceanClient> = defineResource(TAG_SPEC, {
  create: async ({ client, signal }, news, made) => {
    const answer = await explained('Error creating tag', () =>
      client.call(signal, 'POST', '/v2/tags', ANSWER, { name: text(news, 'name') }),
    );
    made(answer.tag.name);
    return { id: answer.tag.name };
  },
  read: ({ client, signal }, id) =>
    explained('Error retrieving tag', async () => {
      const found = (await client.find(signal, `/v2/tags/${id}`, ANSWER))?.tag;
      const count = (counted: z.infer<typeof COUNT>) => counted?.count ?? 0;
      return found === undefined
        ? undefined
        : {
            name: found.name,
            totalResourceCount: found.resources.count ?? 0,
            dropletsCount: count(found.resources.droplets),
            imagesCount: count(found.resources.images),
            volumesCount: count(found.resources.volumes),
            volumeSnapshotsCount: count(found.resources.volume_snapshots),
            databasesCount: count(found.resources.databases),
          };
    }),
  // Reached only after a create whose read failed: there is nothing that could change in place.
  update: () => Promise.resolve(undefined),
  delete: async ({ client, signal }, id) => {
    await explained('Error deleting tag', () => client.call(signal, 'DELETE', `/v2/tags/${id}`, z.unknown()));
  },
});
