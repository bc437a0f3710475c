import { z } from 'zod';

export const key = z.object({
  id: z.string().min(1),
  invalid: z.boolean().optional(),
  revoked: z.string().optional(),
  expires: z.string().optional(),
});
export const created = key.extend({ key: z.string().min(1) });
const texts = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);
/** Any kind of key; what kinds a list has depends on what its reader may see. Times are RFC 3339. */
export const anyKey = key.extend({
  /** `auth`, `api`, `client` (OAuth) or `federated`; older services leave it out of lists. */
  keyType: z.string().optional(),
  description: z.string().default(''),
  created: z.string().optional(),
  scopes: texts,
  tags: texts,
  capabilities: z
    .object({
      devices: z
        .object({
          create: z
            .object({
              reusable: z.boolean().default(false),
              ephemeral: z.boolean().default(false),
              tags: texts,
            })
            .optional(),
        })
        .optional(),
    })
    .nullish(),
});
export const keyList = z.object({ keys: z.array(anyKey) });
export const device = z.object({
  /** The id to use; `id` is a legacy number. */
  nodeId: z.string().min(1),
  name: z.string(),
  hostname: z.string(),
  addresses: z.array(z.string()),
  tags: z.array(z.string()).default([]),
  created: z.string().optional(),
});
/** A device as the list of all tells it, routes included. Control servers other than the service leave some of it out. */
export const listed = device.extend({
  clientVersion: z.string().default(''),
  /** Absent where the control server does not tell it. */
  connectedToControl: z.boolean().optional(),
  /** RFC 3339; some control servers tell it of connected devices too. */
  lastSeen: z.string().nullish(),
  authorized: z.boolean().default(true),
  keyExpiryDisabled: z.boolean().default(false),
  expires: z.string().nullish(),
  advertisedRoutes: z.array(z.string()).nullish(),
  enabledRoutes: z.array(z.string()).nullish(),
});
export const devices = z.object({ devices: z.array(listed) });
export const routes = z.object({
  advertisedRoutes: z.array(z.string()).nullish(),
  enabledRoutes: z.array(z.string()).nullish(),
});
export const verdict = z.object({ message: z.string().optional(), data: z.unknown().optional() });
export const faults = z.array(
  z.object({
    user: z.string().optional(),
    errors: z.array(z.string()).nullish(),
    warnings: z.array(z.string()).nullish(),
  }),
);

export type Device = z.infer<typeof device>;
export type ListedDevice = z.infer<typeof listed>;
export type Key = z.infer<typeof key>;
export type ListedKey = z.infer<typeof anyKey>;
