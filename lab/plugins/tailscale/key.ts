import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { UserError, type Inputs } from '../../../io/rpc/types.ts';
import { isNotFound } from './client.ts';
import { defineResource, explained, flag, text, texts, type Run } from './resource.ts';

/** Times that are missing are Go's zero time in outputs. */
const ZERO_TIME = '0001-01-01T00:00:00Z';

const KEY = z.object({
  id: z.string(),
  keyType: z.string().optional(),
  key: z.string().default(''),
  description: z.string().default(''),
  expirySeconds: z.number().optional(),
  created: z.string().nullish(),
  expires: z.string().nullish(),
  invalid: z.boolean().default(false),
  userId: z.string().default(''),
  capabilities: z
    .object({
      devices: z.object({
        create: z.object({
          reusable: z.boolean().default(false),
          ephemeral: z.boolean().default(false),
          preauthorized: z.boolean().default(false),
          tags: z.array(z.string()).nullish(),
        }),
      }),
    })
    .optional(),
});
type Key = z.infer<typeof KEY>;

async function getKey({ client, signal }: Run, id: string): Promise<Key | undefined> {
  try {
    return await client.read(signal, client.tailnet(`keys/${encodeURIComponent(id)}`), KEY);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

const times = (key: Key): Inputs => ({
  createdAt: key.created ?? ZERO_TIME,
  expiresAt: key.expires ?? ZERO_TIME,
  userId: key.userId,
});

function onlyAuth(key: Key): void {
  if (key.keyType !== 'auth')
    throw new UserError(`Invalid key type '${key.keyType ?? ''}': Only 'auth' keys are supported by this resource`);
}

/** tailscale:index/tailnetKey:TailnetKey. Nearly every change replaces it, new key first. */
export const tailnetKey = defineResource({
  properties: {
    reusable: { type: 'boolean', default: false, replace: true },
    ephemeral: { type: 'boolean', default: false, replace: true },
    preauthorized: { type: 'boolean', default: false, replace: true },
    tags: { type: 'list', set: true, default: [], replace: true },
    expiry: { type: 'number', computed: true, replace: true },
    description: {
      type: 'string',
      default: '',
      replace: true,
      refuse: (value) =>
        typeof value === 'string' && value.length > 50
          ? `string length must be at most 50, got: ${value.length}`
          : undefined,
    },
    recreateIfInvalid: {
      type: 'string',
      refuse: (value) =>
        typeof value === 'string' && ['', 'always', 'never'].includes(value)
          ? undefined
          : `value must be one of: ["" "always" "never"], got: ${JSON.stringify(value)}`,
    },
    userId: { type: 'string', computed: true },
  },
  outputs: ['key', 'createdAt', 'expiresAt', 'invalid'],
  secretOutputs: ['key'],
  replaceFor(olds, news) {
    if (!flag(olds.invalid)) return undefined;
    const wish = text(news, 'recreateIfInvalid');
    return wish === 'always' || (wish !== 'never' && flag(news.reusable)) ? 'id' : undefined;
  },
  create: ({ client, signal }, planned) =>
    explained('Failed to create key: Error creating tailnet key', async () => {
      const key = await client.read(signal, client.tailnet('keys'), KEY, 'POST', {
        json: {
          capabilities: {
            devices: {
              create: {
                reusable: flag(planned.reusable),
                ephemeral: flag(planned.ephemeral),
                tags: texts(planned.tags),
                preauthorized: flag(planned.preauthorized),
              },
            },
          },
          expirySeconds: typeof planned.expiry === 'number' ? planned.expiry : 0,
          description: text(planned, 'description'),
        },
      });
      return { id: key.id, outputs: { ...times(key), expiry: key.expirySeconds, key: key.key, invalid: key.invalid } };
    }),
  /** A key that is gone stays in state, marked invalid: a used one-off key must not be made again. */
  read: (run, id, state) =>
    explained(`Failed to fetch key: Error reading tailnet key with id "${id}"`, async () => {
      const key = await getKey(run, id);
      if (key === undefined) return { outputs: { ...state, invalid: true } };
      onlyAuth(key);
      const created = key.capabilities?.devices.create;
      return {
        id: key.id,
        outputs: {
          ...times(key),
          reusable: created?.reusable ?? false,
          ephemeral: created?.ephemeral ?? false,
          preauthorized: created?.preauthorized ?? false,
          tags: created?.tags ?? [],
          expiry: key.expirySeconds,
          description: key.description,
          invalid: key.invalid,
        },
      };
    }),
  async update(run, id) {
    const key = await getKey(run, id);
    // The official plugin dies of this: it goes on with the key that it did not get.
    if (key === undefined) throw new Error('runtime error: invalid memory address or nil pointer dereference');
    onlyAuth(key);
    return { ...times(key), description: key.description, invalid: key.invalid };
  },
  delete: ({ client, signal }, id) =>
    explained(`Failed to delete key: Error deleting tailnet key with id "${id}"`, async () => {
      try {
        await client.send(signal, 'DELETE', client.tailnet(`keys/${encodeURIComponent(id)}`));
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }),
});

export const newId = (): string => randomUUID();
