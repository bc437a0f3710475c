import { Hono } from 'hono';
import { z } from 'zod';
import { createKey, deleteKey, findKey, isInvalid, keysOf } from '../keys.ts';
import { time, type KeyRecord } from '../records.ts';
import type { Scope } from '../scope.ts';
import { body, param, scopeOf, type Env } from './request.ts';

const CREATE = z.object({
  // The lab has no OAuth clients or federated identities to make; those key types are refused, not ignored.
  keyType: z.literal('auth').optional(),
  capabilities: z.object({
    devices: z.object({
      create: z.object({
        reusable: z.boolean().default(false),
        ephemeral: z.boolean().default(false),
        preauthorized: z.boolean().default(false),
        tags: z
          .array(z.string())
          .nullish()
          .transform((tags) => tags ?? []),
      }),
    }),
  }),
  expirySeconds: z.number().default(0),
  description: z.string().default(''),
});

function view(scope: Scope, key: KeyRecord): Record<string, unknown> {
  const { reusable, ephemeral, preauthorized, tags } = key;
  return {
    id: key.id,
    keyType: 'auth',
    description: key.description,
    expirySeconds: key.expirySeconds,
    created: time(key.created),
    expires: time(key.expires),
    capabilities: { devices: { create: { reusable, ephemeral, tags, preauthorized } } },
    tags,
    userId: key.userId,
    // Left out while valid; the official client takes its absence for false.
    ...(isInvalid(scope, key) ? { invalid: true } : {}),
  };
}

/** The credential that deploys, as the service lists it to whoever asks for all. */
function clientView({ config }: Scope): Record<string, unknown> {
  return {
    id: config.oauthClientId,
    keyType: 'client',
    description: 'deploys',
    scopes: ['policy_file', 'auth_keys', 'devices:core', 'devices:routes', 'dns', 'feature_settings'],
    tags: config.oauthTags ?? ['tag:iac'],
  };
}

/** `/tailnet/{tailnet}/keys`. */
export function keyRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  routes.post('/', async (context) => {
    const scope = scopeOf(context);
    const { capabilities, expirySeconds, description } = await body(context, CREATE);
    const request = { ...capabilities.devices.create, expirySeconds, description };
    const { record, key } = createKey(scope, context.get('actor'), request);
    return context.json({ ...view(scope, record), key });
  });
  routes.get('/', (context) => {
    const scope = scopeOf(context);
    const clients = context.req.query('all') === 'true' ? [clientView(scope)] : [];
    return context.json({ keys: [...keysOf(scope).map((key) => view(scope, key)), ...clients] });
  });
  routes.get('/:id', (context) => {
    const scope = scopeOf(context);
    return context.json(view(scope, findKey(scope, param(context, 'id'))));
  });
  routes.delete('/:id', (context) => {
    deleteKey(scopeOf(context), param(context, 'id'));
    return context.json({});
  });
  return routes;
}
