import { Hono } from 'hono';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uniteCompute } from '../../../lab/api/compute.ts';
import { digitalOceanAccounts } from '../../../lab/api/accounts.ts';
import { digitalOceanCompute } from '../../../lab/api/digitalocean/compute.ts';
import { createFaults } from '../../../lab/api/faults.ts';
import { createCompute } from '../../../lab/api/hetzner/compute.ts';
import { createApi, listenApi, type RequestLog } from '../../../lab/api/server.ts';
import { openStore } from '../../../lab/api/store.ts';
import { Holds } from '../../../lab/holds.ts';
import type { Clock } from '../../../lab/types.ts';

export const TOKENS = { staging: 's'.repeat(64), prod: 'p'.repeat(64) };
export const DO_TOKENS = { staging: `dop_v1_${'a'.repeat(64)}`, prod: `dop_v1_${'b'.repeat(64)}` };
export const LAB_TOKEN = 'lab-token';
export const KEY_A = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ada';
export const KEY_B = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA grace';

export interface Answer {
  status: number;
  /** Parsed JSON; `{}` for an empty body. */
  json: Record<string, unknown>;
  /** `error.code` of a refusal, `ok` otherwise. */
  code: string;
}

/** A cloud of two tenants on loopback, with a real store in a directory of its own; `images`: as of a lab of machines. */
export async function startCloud(options: { actionMs?: number; clock?: Clock; images?: string[] } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'mesh-cloud-'));
  const store = openStore(dir);
  const faults = createFaults(store);
  const clock = options.clock ?? Date.now;
  const actionMs = options.actionMs ?? 0;
  const tenants = (['staging', 'prod'] as const).map((name) => ({
    name,
    hcloudToken: TOKENS[name],
    digitaloceanToken: DO_TOKENS[name],
    tailscale: { tailnet: '', apiKey: '', oauthClientId: '', oauthClientSecret: '' },
    accounts: {},
    sites: [],
  }));
  const log: RequestLog[] = [];
  const app = createApi({
    config: { labToken: LAB_TOKEN, tenants, existing: [] },
    store,
    faults,
    clock,
    tailscale: new Hono(),
    unexecuted: () => [{ host: 'fra-edge-01', what: 'nft -c', why: 'no nft here' }],
    reload: () => [],
    stop: () => undefined,
    log: (entry) => void log.push(entry),
    holds: new Holds(() => undefined),
    actionMs,
    ...(options.images !== undefined && { images: options.images, machines: new Hono() }),
  });
  const server = await listenApi(app, '127.0.0.1', 0);
  const base = `http://127.0.0.1:${server.port}`;
  const ask = async (token: string, method: string, path: string, body?: unknown): Promise<Answer> => {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
    const error = json.error;
    const code =
      typeof error === 'object' && error !== null && 'code' in error
        ? String(error.code)
        : response.ok
          ? 'ok'
          : 'error';
    return { status: response.status, json, code };
  };
  return {
    base,
    store,
    faults,
    log,
    compute: uniteCompute([
      createCompute({ store, faults, clock, tenants, actionMs }),
      digitalOceanCompute({ store, faults, clock, accounts: digitalOceanAccounts(tenants), actionMs }),
    ]),
    ask,
    /** A call of tenant staging under /v1. */
    call: (method: string, path: string, body?: unknown) => ask(TOKENS.staging, method, `/v1${path}`, body),
    /** The same under /v2, of the tenant's DigitalOcean account. */
    ocean: (method: string, path: string, body?: unknown) => ask(DO_TOKENS.staging, method, `/v2${path}`, body),
    close: async () => {
      await server.close();
      store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export type Cloud = Awaited<ReturnType<typeof startCloud>>;

/** A member of nested JSON, `public_net.ipv4.id`. */
export function at(json: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => {
    if (typeof value !== 'object' || value === null) return undefined;
    return (value as Record<string, unknown>)[key];
  }, json);
}

/** Creates something that must succeed and answers its id. */
export async function make(cloud: Cloud, kind: string, body: object): Promise<number> {
  const answer = await cloud.call('POST', `/${kind}`, body);
  if (answer.code !== 'ok') throw new Error(`POST /${kind}: ${JSON.stringify(answer.json)}`);
  const singular = kind.replace(/s$/, '');
  return Number(at(answer.json, `${singular}.id`));
}

/** A network with one subnet for eu-central. */
export async function makeNetwork(cloud: Cloud, name = 'net'): Promise<number> {
  const id = await make(cloud, 'networks', {
    name,
    ip_range: '10.77.0.0/16',
    subnets: [{ type: 'cloud', ip_range: '10.77.10.0/24', network_zone: 'eu-central' }],
  });
  return id;
}

export const SERVER = { name: 'fra-edge-01', server_type: 'cx23', image: 'debian-12', location: 'fsn1' };
