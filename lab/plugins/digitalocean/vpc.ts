import { z } from 'zod';
import type { ResourceHandler } from '../../../io/rpc/types.ts';
import type { ResourceSpec } from '../properties.ts';
import { defineResource, flag, text } from '../resource.ts';
import { cidr, length, notEmpty } from './checks.ts';
import { ApiFailure, explained, type DigitalOceanClient } from './client.ts';
import { TIMEOUT } from './rhythm.ts';
import { retryWhile } from './wait.ts';

const ANSWER = z.object({
  vpc: z.object({
    id: z.string(),
    urn: z.string().nullish(),
    name: z.string(),
    description: z.string().nullish(),
    region: z.string(),
    ip_range: z.string(),
    created_at: z.string().nullish(),
    default: z.boolean().nullish(),
  }),
});

export const VPC_SPEC: ResourceSpec = {
  framework: false,
  named: true,
  properties: {
    name: { type: 'string', refuse: notEmpty },
    region: { type: 'string', required: true, replace: true, refuse: notEmpty },
    description: { type: 'string', refuse: length(0, 255) },
    ipRange: { type: 'string', replace: true, computed: true, refuse: cidr },
  },
  outputs: ['createdAt', 'default', 'vpcUrn'],
};

/** The plugin records the time as Go prints it. */
function goTime(time: string | null | undefined): string {
  return typeof time === 'string' ? time.replace('T', ' ').replace('Z', ' +0000 UTC') : '0001-01-01 00:00:00 +0000 UTC';
}

/** digitalocean:index/vpc:Vpc */
export const vpc: ResourceHandler<DigitalOceanClient> = defineResource(VPC_SPEC, {
  create: async ({ client, signal }, news, made) => {
    const [description, ipRange] = [news.description, news.ipRange];
    const region = text(news, 'region');
    const body = {
      name: text(news, 'name'),
      region,
      ...(typeof description === 'string' && description !== '' ? { description } : {}),
      ...(typeof ipRange === 'string' && ipRange !== '' ? { ip_range: ipRange } : {}),
    };
    const answer = await client.inTurn(`vpc/${region}`, () =>
      explained('Error creating VPC', () => client.call(signal, 'POST', '/v2/vpcs', ANSWER, body)),
    );
    made(answer.vpc.id);
    return { id: answer.vpc.id };
  },
  read: ({ client, signal }, id) =>
    explained('Error reading VPC', async () => {
      const found = (await client.find(signal, `/v2/vpcs/${id}`, ANSWER))?.vpc;
      return found === undefined
        ? undefined
        : {
            name: found.name,
            region: found.region,
            description: found.description ?? '',
            ipRange: found.ip_range,
            vpcUrn: found.urn ?? '',
            default: found.default ?? false,
            createdAt: goTime(found.created_at),
          };
    }),
  update: async ({ client, signal }, id, olds, news) => {
    const description = typeof news.description === 'string' ? news.description : '';
    await explained('Error updating VPC ', () =>
      client.call(signal, 'PUT', `/v2/vpcs/${id}`, ANSWER, {
        name: text(news, 'name'),
        // Left out when empty: a description cannot be taken away.
        ...(description === '' ? {} : { description }),
        default: flag(olds.default),
      }),
    );
    return undefined;
  },
  // Its members may be on their way out; one that is gone already is an error of the plugin.
  delete: async (run, id) => {
    const refused = ({ status }: ApiFailure) => status === 403 || status === 409;
    try {
      await retryWhile(run, TIMEOUT.vpcDelete, refused, () =>
        run.client.call(run.signal, 'DELETE', `/v2/vpcs/${id}`, z.unknown()),
      );
    } catch (error) {
      if (!(error instanceof ApiFailure) || refused(error)) throw error;
      throw new ApiFailure(error.status, error.words, `Error deleting VPC: ${error.message}`);
    }
  },
});
