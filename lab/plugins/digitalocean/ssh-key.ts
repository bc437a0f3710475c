import { z } from 'zod';
import type { ResourceHandler } from '../../../io/rpc/types.ts';
import type { ResourceSpec } from '../properties.ts';
import { defineResource, shown, text } from '../resource.ts';
import { notEmpty } from './checks.ts';
import { explained, type DigitalOceanClient } from './client.ts';
import { TIMEOUT } from './rhythm.ts';
import { retryWhile } from './wait.ts';

const ANSWER = z.object({
  ssh_key: z.object({ id: z.number(), name: z.string(), public_key: z.string(), fingerprint: z.string() }),
});

export const SSH_KEY_SPEC: ResourceSpec = {
  framework: false,
  named: true,
  properties: {
    name: { type: 'string', refuse: notEmpty },
    publicKey: {
      type: 'string',
      required: true,
      replace: true,
      refuse: notEmpty,
      equal: (state, program) => shown(state).trim() === shown(program).trim(),
    },
  },
  outputs: ['fingerprint'],
};

/** digitalocean:index/sshKey:SshKey */
export const sshKey: ResourceHandler<DigitalOceanClient> = defineResource(SSH_KEY_SPEC, {
  create: async (run, news, made) => {
    const { client, signal } = run;
    const body = { name: text(news, 'name'), public_key: text(news, 'publicKey') };
    const answer = await explained('Error creating SSH Key', () =>
      client.call(signal, 'POST', '/v2/account/keys', ANSWER, body),
    );
    const id = String(answer.ssh_key.id);
    made(id);
    await explained('Error retrieving SSH Key', () =>
      retryWhile(
        run,
        TIMEOUT.sshKey,
        ({ status }) => status === 404,
        () => client.call(signal, 'GET', `/v2/account/keys/${id}`, ANSWER),
      ),
    );
    return { id };
  },
  read: ({ client, signal }, id) =>
    explained('Error retrieving SSH key', async () => {
      const key = (await client.find(signal, `/v2/account/keys/${id}`, ANSWER))?.ssh_key;
      return key === undefined
        ? undefined
        : { name: key.name, publicKey: key.public_key, fingerprint: key.fingerprint };
    }),
  update: async ({ client, signal }, id, _olds, news) => {
    await explained('Failed to update SSH key', () =>
      client.call(signal, 'PUT', `/v2/account/keys/${id}`, ANSWER, { name: text(news, 'name') }),
    );
    return undefined;
  },
  delete: async ({ client, signal }, id) => {
    await explained('Error deleting SSH key', () =>
      client.call(signal, 'DELETE', `/v2/account/keys/${id}`, z.unknown()),
    );
  },
});
