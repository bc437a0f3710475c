import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { UserError, type FunctionHandler, type Inputs } from '../../../io/rpc/types.ts';
import type { TailscaleClient } from './client.ts';
import { newId } from './key.ts';
import { text, texts } from './resource.ts';

const ZERO_TIME = '0001-01-01T00:00:00Z';
const instant = z
  .string()
  .nullish()
  .transform((value) => (value === null || value === undefined || value === '' ? ZERO_TIME : value));
const DEVICE = z.object({
  addresses: z
    .array(z.string())
    .nullish()
    .transform((list) => list ?? []),
  authorized: z.boolean().default(false),
  blocksIncomingConnections: z.boolean().default(false),
  clientVersion: z.string().default(''),
  created: instant,
  expires: instant,
  hostname: z.string().default(''),
  id: z.string().default(''),
  isExternal: z.boolean().default(false),
  keyExpiryDisabled: z.boolean().default(false),
  lastSeen: z
    .string()
    .nullish()
    .transform((value) => value ?? ''),
  machineKey: z.string().default(''),
  name: z.string().default(''),
  nodeId: z.string().default(''),
  nodeKey: z.string().default(''),
  os: z.string().default(''),
  tags: z
    .array(z.string())
    .nullish()
    .transform((list) => list ?? []),
  tailnetLockError: z.string().default(''),
  tailnetLockKey: z.string().default(''),
  updateAvailable: z.boolean().default(false),
  user: z.string().default(''),
});
const LIST = z.object({ devices: z.array(DEVICE).nullish() });

async function listDevices(client: TailscaleClient, query: [string, string][]): Promise<z.infer<typeof DEVICE>[]> {
  const suffix = query.length === 0 ? '' : `?${new URLSearchParams(query).toString()}`;
  return (await client.read(new AbortController().signal, `${client.tailnet('devices')}${suffix}`, LIST)).devices ?? [];
}

const UNITS: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** A Go duration (`1m30s`) in ms; undefined when it is none. */
function duration(value: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|h|m|s))+$/.test(value)) return undefined;
  return [...value.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0),
    0,
  );
}

const INTERVAL_MS = 1000;

/** getDevice: the first device that the service's filter lets through, unchecked; with `waitFor` every second until then. */
export const getDevice: FunctionHandler<TailscaleClient> = async (args, client) => {
  const by = (['name', 'hostname'] as const).filter((property) => text(args, property) !== '');
  const [property, second] = by;
  if (property === undefined || second !== undefined)
    return {
      result: {},
      failures: [{ property: 'name', reason: 'exactly one of name and hostname must be specified' }],
    };
  const waitFor = text(args, 'waitFor');
  const wait = waitFor === '' ? 0 : duration(waitFor);
  if (wait === undefined)
    return { result: {}, failures: [{ property: 'waitFor', reason: 'unable to parse value as a duration' }] };
  if (waitFor !== '' && wait <= INTERVAL_MS)
    return { result: {}, failures: [{ property: 'waitFor', reason: 'duration must be greater than 1 second' }] };
  const wanted = text(args, property);
  const until = Date.now() + wait;
  for (;;) {
    try {
      const [device] = await listDevices(client, [[property, wanted]]);
      if (device !== undefined) return { result: { ...device, ...(waitFor === '' ? {} : { waitFor }) } };
      throw new UserError(`could not find device with ${property}=${JSON.stringify(wanted)}`);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const retries = waitFor === '' ? '' : `failed after maximum of retries within ${waitFor}: `;
      if (Date.now() + INTERVAL_MS > until)
        throw new UserError(`Failed to fetch devices: ${retries}${error.message}`, { cause: error });
    }
    await sleep(INTERVAL_MS);
  }
};

/** getDevices: filters go to the service, the prefix is applied here. */
export const getDevices: FunctionHandler<TailscaleClient> = async (args, client) => {
  const filters = Array.isArray(args.filters) ? args.filters : [];
  const query = filters.flatMap((filter): [string, string][] => {
    const fields: Inputs =
      typeof filter === 'object' && filter !== null && !Array.isArray(filter) ? (filter as Inputs) : {};
    return texts(fields.values).map((value) => [text(fields, 'name'), value]);
  });
  const prefix = text(args, 'namePrefix');
  const devices = (await listDevices(client, query)).filter((device) => device.name.startsWith(prefix));
  return {
    result: {
      id: newId(),
      devices,
      ...(prefix === '' ? {} : { namePrefix: prefix }),
      ...(filters.length === 0 ? {} : { filters }),
    },
  };
};
