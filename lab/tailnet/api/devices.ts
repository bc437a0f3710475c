import { setTimeout as sleep } from 'node:timers/promises';
import { Hono } from 'hono';
import { z } from 'zod';
import { deviceName, findDevice, rename, saveDevice, setKeyExpiry, setTags } from '../devices.ts';
import { parsePrefix, hasHostBits } from '../policy/address.ts';
import { Refusal, time, type DeviceRecord } from '../records.ts';
import { devicesOf, type Scope } from '../scope.ts';
import { body, param, scopeOf, SLOW_MS, type Ctx, type Env } from './request.ts';

const NEVER = '0001-01-01T00:00:00Z';

function view(scope: Scope, device: DeviceRecord, all: boolean): Record<string, unknown> {
  return {
    addresses: device.addresses,
    id: device.legacyId,
    nodeId: device.nodeId,
    user: device.tags.length > 0 ? 'tagged-devices' : device.user,
    name: deviceName(scope, device),
    hostname: device.hostname,
    clientVersion: '1.102.3',
    updateAvailable: false,
    os: device.os,
    created: time(device.created),
    connectedToControl: device.online,
    ...(device.online ? {} : { lastSeen: time(device.lastSeen) }),
    keyExpiryDisabled: device.keyExpiryDisabled,
    expires: device.expires === undefined ? NEVER : time(device.expires),
    authorized: device.authorized,
    isExternal: false,
    isEphemeral: device.ephemeral,
    machineKey: device.machineKey,
    nodeKey: device.nodeKey,
    blocksIncomingConnections: false,
    tailnetLockKey: '',
    tailnetLockError: '',
    ...(device.tags.length > 0 ? { tags: device.tags } : {}),
    ...(all ? { advertisedRoutes: device.advertised, enabledRoutes: device.enabled } : {}),
  };
}

/** Every value of a query parameter must be one of the property's; a property that devices do not have is refused. */
function matches(shown: Record<string, unknown>, filters: Map<string, string[]>): boolean {
  return [...filters].every(([property, values]) => {
    const value = shown[property];
    const texts = Array.isArray(value) ? value.map(String) : [String(value)];
    return values.some((wanted) => texts.includes(wanted));
  });
}

const FILTERS = [
  'addresses',
  'id',
  'nodeId',
  'user',
  'name',
  'hostname',
  'clientVersion',
  'updateAvailable',
  'os',
  'created',
  'connectedToControl',
  'lastSeen',
  'keyExpiryDisabled',
  'expires',
  'authorized',
  'isExternal',
  'isEphemeral',
  'machineKey',
  'nodeKey',
  'tags',
];

/** `/tailnet/{tailnet}/devices`. */
export function deviceListRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get('/', (context) => {
    const scope = scopeOf(context);
    const { fields, ...queries } = context.req.queries();
    const filters = new Map(Object.entries(queries));
    const unknown = [...filters.keys()].find((property) => !FILTERS.includes(property));
    if (unknown !== undefined) throw new Refusal(400, `devices cannot be filtered by ${JSON.stringify(unknown)}`);
    const all = fields?.[0] === 'all';
    const devices = devicesOf(scope).map((device) => view(scope, device, all));
    return context.json({ devices: devices.filter((device) => matches(device, filters)) });
  });
  return routes;
}

const ROUTES = z.object({
  routes: z
    .array(z.string())
    .nullish()
    .transform((routes) => routes ?? []),
});
const TAGS = z.object({
  tags: z
    .array(z.string())
    .nullish()
    .transform((tags) => tags ?? []),
});

/** `/device/{id}`, by node id or legacy id. */
export function deviceRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  const here = (context: Ctx): { scope: Scope; device: DeviceRecord; id: string } => {
    const scope = context.get('scope');
    const device = findDevice(scope, param(context, 'id'));
    return { scope, device, id: device.nodeId };
  };
  const routesView = (device: DeviceRecord): { advertisedRoutes: string[]; enabledRoutes: string[] } => ({
    advertisedRoutes: device.advertised,
    enabledRoutes: device.enabled,
  });
  routes.get('/:id', async (context) => {
    const { scope, device } = here(context);
    if (scope.deps.faults.hits('slow-tailnet', device.hostname)) await sleep(SLOW_MS);
    return context.json(view(scope, device, context.req.query('fields') === 'all'));
  });
  routes.delete('/:id', (context) => {
    const { scope, id } = here(context);
    scope.data.devices.delete(id);
    return context.json({});
  });
  routes.get('/:id/routes', (context) => context.json(routesView(here(context).device)));
  routes.post('/:id/routes', async (context) => {
    const { scope, device } = here(context);
    const { routes: enabled } = await body(context, ROUTES);
    for (const route of enabled) {
      const prefix = route.includes('/') ? parsePrefix(route) : undefined;
      if (prefix === undefined || hasHostBits(prefix)) throw new Refusal(400, `invalid route ${JSON.stringify(route)}`);
    }
    const changed = { ...device, enabled: [...new Set(enabled)] };
    saveDevice(scope, changed);
    return context.json(routesView(changed));
  });
  routes.post('/:id/tags', async (context) => {
    const { scope, id } = here(context);
    setTags(scope, context.get('actor'), id, (await body(context, TAGS)).tags);
    return context.json({});
  });
  routes.post('/:id/key', async (context) => {
    const { scope, id } = here(context);
    setKeyExpiry(scope, id, (await body(context, z.object({ keyExpiryDisabled: z.boolean() }))).keyExpiryDisabled);
    return context.json({});
  });
  routes.post('/:id/authorized', async (context) => {
    const { scope, device } = here(context);
    saveDevice(scope, {
      ...device,
      authorized: (await body(context, z.object({ authorized: z.boolean() }))).authorized,
    });
    return context.json({});
  });
  routes.post('/:id/name', async (context) => {
    const { scope, id } = here(context);
    rename(scope, id, (await body(context, z.object({ name: z.string() }))).name);
    return context.json({});
  });
  return routes;
}
