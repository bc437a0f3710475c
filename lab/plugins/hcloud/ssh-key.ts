import { z } from 'zod';
import type { Inputs, ResourceHandler } from '../../../io/rpc/types.ts';
import { ApiFailure, type HcloudClient } from './client.ts';
import { defineResource, labels, text } from '../resource.ts';

const KEY = z.object({
  id: z.number(),
  name: z.string(),
  public_key: z.string(),
  fingerprint: z.string().nullish(),
  labels: z.record(z.string(), z.string()).nullish(),
});
const ANSWER = z.object({ ssh_key: KEY });

function outputs(key: z.infer<typeof KEY>): Inputs {
  return { name: key.name, publicKey: key.public_key, fingerprint: key.fingerprint, labels: key.labels };
}

/** hcloud:index/sshKey:SshKey, a framework type: with a name of the program it is still created before the old one goes, and collides. */
export const sshKey: ResourceHandler<HcloudClient> = defineResource(
  {
    framework: true,
    named: true,
    properties: {
      name: { type: 'string' },
      publicKey: { type: 'string', required: true, replace: true },
      labels: { type: 'map', default: {} },
    },
    outputs: ['fingerprint'],
  },
  {
    create: async ({ client, signal }, news) => {
      const { ssh_key: key } = await client.call(signal, 'POST', '/ssh_keys', ANSWER, {
        name: text(news, 'name'),
        public_key: text(news, 'publicKey'),
        labels: labels(news.labels),
      });
      return { id: String(key.id), outputs: outputs(key) };
    },
    read: async ({ client, signal }, id) => {
      const answer = await client.find(signal, `/ssh_keys/${id}`, ANSWER);
      return answer === undefined ? undefined : outputs(answer.ssh_key);
    },
    update: async ({ client, signal }, id, _olds, news, changed) => {
      const body = {
        ...(changed.has('name') ? { name: text(news, 'name') } : {}),
        ...(changed.has('labels') ? { labels: labels(news.labels) } : {}),
      };
      return outputs((await client.call(signal, 'PUT', `/ssh_keys/${id}`, ANSWER, body)).ssh_key);
    },
    delete: async ({ client, signal }, id) => {
      try {
        await client.call(signal, 'DELETE', `/ssh_keys/${id}`, z.unknown());
      } catch (error) {
        if (!(error instanceof ApiFailure && error.code === 'not_found')) throw error;
      }
    },
  },
);
