import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import type { AddressInfo } from 'node:net';
import type { DiffAnswer, Inputs, Operation, ResourceHandler } from '../../../io/rpc/types.ts';
import type { TailscaleClient } from '../../../lab/plugins/tailscale/client.ts';
import { TAILSCALE } from '../../../lab/plugins/tailscale/definition.ts';
import { ACME, startTailnet, type Lab } from './tailnet-fixtures.ts';

/** A resource as the engine records it. */
export interface Recorded {
  id: string;
  inputs: Inputs;
  outputs: Inputs;
}

export interface Call {
  method: string;
  path: string;
  body: string;
  headers: Headers;
}

export interface Driver {
  lab: Lab;
  client: TailscaleClient;
  baseUrl: string;
  /** Calls since the last look; token requests left out. */
  calls(): Call[];
  /** The same, as `POST /tailnet/-/keys`. */
  lines(): string[];
  check(type: string, args: Inputs, olds?: Inputs): Promise<Inputs>;
  preview(type: string, args: Inputs): Promise<Inputs>;
  create(type: string, args: Inputs): Promise<Recorded>;
  diff(type: string, old: Recorded, args: Inputs): Promise<DiffAnswer>;
  update(type: string, old: Recorded, args: Inputs): Promise<Recorded>;
  refresh(type: string, old: Recorded): Promise<Recorded | undefined>;
  remove(type: string, old: Recorded): Promise<void>;
  invoke(name: string, args: Inputs): Promise<{ result: Inputs; failures?: { reason: string }[] }>;
  close(): Promise<void>;
}

/** The lab's tailnet behind real HTTP on loopback, and the engine's part of one resource at a time. */
export async function startDriver(
  config: (baseUrl: string) => Inputs = (baseUrl) => ({ apiKey: ACME.apiKey, baseUrl }),
): Promise<Driver> {
  const lab = startTailnet();
  const seen: Call[] = [];
  const app = new Hono();
  app.use(async (context, next) => {
    const { url, method, headers } = context.req.raw;
    const { pathname, search } = new URL(url);
    const body = await context.req.raw.clone().text();
    seen.push({ method, path: pathname.replace('/api/v2', '') + search, body, headers });
    await next();
  });
  app.route('/', lab.app);
  const { server, port } = await new Promise<{ server: ReturnType<typeof serve>; port: number }>((resolve) => {
    const server = serve(
      { fetch: (request) => app.fetch(request), hostname: '127.0.0.1', port: 0 },
      (info: AddressInfo) => resolve({ server, port: info.port }),
    );
  });
  const baseUrl = `http://127.0.0.1:${port}`;
  const client = await TAILSCALE.configure(config(baseUrl));
  const op: Operation = {
    urn: 'urn:pulumi:staging::acme::type::it',
    name: 'it',
    log: () => undefined,
    status: () => undefined,
    signal: new AbortController().signal,
  };
  const handler = (type: string): ResourceHandler<TailscaleClient> => {
    const found = Object.entries(TAILSCALE.resources).find(([token]) => token.endsWith(`:${type}`))?.[1];
    if (found === undefined) throw new Error(`no type ${type}`);
    return found;
  };
  const check: Driver['check'] = async (type, args, olds) => {
    const { inputs, failures } = await handler(type).check(op, args, olds, client);
    if (failures.length > 0)
      throw new Error(failures.map((failure) => `${failure.property}: ${failure.reason}`).join('; '));
    return inputs;
  };
  const calls = (): Call[] => seen.splice(0).filter((call) => call.path !== '/oauth/token');
  return {
    lab,
    client,
    baseUrl,
    calls,
    lines: () => calls().map((call) => `${call.method} ${call.path}`),
    check,
    preview: async (type, args) => (await handler(type).create(op, await check(type, args), true, client)).outputs,
    create: async (type, args) => {
      const inputs = await check(type, args);
      return { inputs, ...(await handler(type).create(op, inputs, false, client)) };
    },
    diff: async (type, old, args) =>
      handler(type).diff(op, old.id, old.outputs, old.inputs, await check(type, args, old.inputs), client),
    update: async (type, old, args) => {
      const inputs = await check(type, args, old.inputs);
      const { outputs } = await handler(type).update(op, old.id, old.outputs, old.inputs, inputs, false, client);
      return { id: old.id, inputs, outputs };
    },
    refresh: (type, old) => handler(type).read(op, old.id, old.outputs, old.inputs, client),
    remove: (type, old) => handler(type).delete(op, old.id, old.outputs, old.inputs, client),
    invoke: async (name, args) => {
      const found = Object.entries(TAILSCALE.functions ?? {}).find(([token]) => token.endsWith(`:${name}`))?.[1];
      if (found === undefined) throw new Error(`no function ${name}`);
      return found(args, client);
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}
