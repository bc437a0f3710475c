import { z } from 'zod';
import type { Inputs } from '../../../io/rpc/types.ts';
import { isNotFound } from './client.ts';
import { newId } from './key.ts';
import { defineResource, explained, flag, text, texts, type Run } from './resource.ts';

const DEVICE = z.object({
  id: z.string().default(''),
  nodeId: z.string().default(''),
  authorized: z.boolean().default(false),
  keyExpiryDisabled: z.boolean().default(false),
  tags: z.array(z.string()).nullish(),
});
const ROUTES = z.object({ enabledRoutes: z.array(z.string()).nullish() });

async function gone<T>(what: () => Promise<T>): Promise<T | undefined> {
  try {
    return await what();
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** A type that sets one thing on a device: its id is the device's, and only another device replaces it. */
function onDevice(setup: {
  path: 'authorized' | 'tags' | 'key';
  what: string;
  property: NonNullable<Parameters<typeof defineResource>[0]['properties'][string]>;
  name: 'authorized' | 'tags' | 'keyExpiryDisabled';
  read(device: z.infer<typeof DEVICE>): Inputs;
  body(values: Inputs): Inputs;
  /** What a destroy sends; undefined = nothing. */
  reset: Inputs | undefined;
}): ReturnType<typeof defineResource> {
  const post = ({ client, signal }: Run, id: string, json: Inputs): Promise<unknown> =>
    explained(`Failed to update device ${setup.what} for device with ID ${id}`, () =>
      client.send(signal, 'POST', client.device(id, setup.path), { json }),
    );
  return defineResource({
    properties: { deviceId: { type: 'string', required: true, replace: true }, [setup.name]: setup.property },
    create: async (run, planned) => {
      const id = text(planned, 'deviceId');
      await post(run, id, setup.body(planned));
      return { id };
    },
    read: ({ client, signal }, id) =>
      explained(`Failed to fetch device ${setup.what} for device with ID ${id}`, async () => {
        const device = await gone(() => client.read(signal, client.device(id), DEVICE));
        if (device === undefined) return undefined;
        return { outputs: { deviceId: device.id === id ? device.id : device.nodeId, ...setup.read(device) } };
      }),
    update: async (run, _id, _olds, planned) => {
      await post(run, text(planned, 'deviceId'), setup.body(planned));
      return {};
    },
    delete: async (run, _id, olds) => {
      if (setup.reset !== undefined) await post(run, text(olds, 'deviceId'), setup.reset);
    },
  });
}

export const deviceAuthorization = onDevice({
  path: 'authorized',
  what: 'authorization',
  name: 'authorized',
  property: { type: 'boolean', required: true },
  read: (device) => ({ authorized: device.authorized }),
  body: (values) => ({ authorized: flag(values.authorized) }),
  reset: undefined,
});

export const deviceTags = onDevice({
  path: 'tags',
  what: 'tags',
  name: 'tags',
  property: { type: 'list', set: true, required: true },
  read: (device) => ({ tags: device.tags ?? [] }),
  body: (values) => ({ tags: texts(values.tags) }),
  // The service refuses this for a tagged device, and then the destroy fails: so does the official one.
  reset: { tags: [] },
});

export const deviceKey = onDevice({
  path: 'key',
  what: 'key',
  name: 'keyExpiryDisabled',
  property: { type: 'boolean', default: false },
  read: (device) => ({ keyExpiryDisabled: device.keyExpiryDisabled }),
  body: (values) => ({ keyExpiryDisabled: flag(values.keyExpiryDisabled) }),
  reset: { keyExpiryDisabled: false },
});

const setRoutes = ({ client, signal }: Run, id: string, routes: string[], verb: string): Promise<unknown> =>
  explained(`Failed to ${verb} device subnet routes for device with ID ${id}`, () =>
    client.send(signal, 'POST', client.device(id, 'routes'), { json: { routes } }),
  );

/** tailscale:index/deviceSubnetRoutes:DeviceSubnetRoutes: the enabled routes of a device; its own id is made up. */
export const deviceSubnetRoutes = defineResource({
  properties: {
    deviceId: { type: 'string', required: true, replace: true },
    routes: { type: 'list', set: true, required: true },
  },
  create: async (run, planned) => {
    await setRoutes(run, text(planned, 'deviceId'), texts(planned.routes), 'update');
    return { id: newId() };
  },
  /** An import names the device, not the made-up id. */
  read: ({ client, signal }, id, state) => {
    const importing = text(state, 'deviceId') === '';
    const deviceId = importing ? id : text(state, 'deviceId');
    return explained(`Failed to fetch device subnet routes for device with ID ${deviceId}`, async () => {
      const routes = await gone(() => client.read(signal, client.device(deviceId, 'routes'), ROUTES));
      if (routes === undefined) return undefined;
      return { ...(importing ? { id: newId() } : {}), outputs: { deviceId, routes: routes.enabledRoutes ?? [] } };
    });
  },
  update: async (run, _id, _olds, planned) => {
    await setRoutes(run, text(planned, 'deviceId'), texts(planned.routes), 'update');
    return {};
  },
  delete: async (run, _id, olds) => {
    await setRoutes(run, text(olds, 'deviceId'), [], 'delete');
  },
});
