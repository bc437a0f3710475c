import { serve } from '@hono/node-server';
import { Hono, type Env } from 'hono';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { asksForChange, type Holds } from '../holds.ts';
import type { Clock, Faults, Store, Unexecuted } from '../types.ts';
import { cloudAccounts, digitalOceanAccounts } from './accounts.ts';
import type { LabConfig } from './config.ts';
import { digitalOceanApi } from './digitalocean/index.ts';
import { isFaultName, notOnMachines } from './faults.ts';
import { hetznerApi } from './hetzner/index.ts';
import { ownIdentity, type ProcessIdentity } from './identity.ts';

/** One request, as the log keeps it: never a token, a query or a body. */
export interface RequestLog {
  time: string;
  method: string;
  path: string;
  status: number;
  ms: number;
  tenant?: string;
}

export interface ApiParts<Tailscale extends Env = Env> {
  config: Pick<LabConfig, 'labToken' | 'tenants' | 'existing'>;
  store: Store;
  faults: Faults;
  clock: Clock;
  /** Mounted at /api/v2. */
  tailscale: Hono<Tailscale>;
  unexecuted: () => Unexecuted[];
  /** Takes over what was added to lab.json; answers sentences about what in it cannot be. */
  reload: () => string[];
  /** Ends the lab, after the answer to the request that asked for it. */
  stop: () => void;
  /** Control routes of a lab of machines. */
  machines?: Hono | undefined;
  /** What a lab of machines has beside its store forgets everything. */
  forget?: (() => Promise<void>) | undefined;
  /** Images that servers can have, like `debian-12`; absent: all that the clouds sell. */
  images?: readonly string[] | undefined;
  log: (entry: RequestLog) => void;
  holds: Holds;
  /** Duration of cloud actions, ms. */
  actionMs?: number;
}

/** An HTTP application. */
export interface Api {
  fetch(request: Request): Response | Promise<Response>;
}

/** Answer of GET /lab/status. */
interface LabStatus extends ProcessIdentity {
  lab: 'site-mesh';
  faults: { fault: string; target: string }[];
}

const FAULT = z.object({ fault: z.string(), target: z.string().min(1) });
const HOLD = z.object({ nth: z.int().positive(), of: z.string().optional(), before: z.enum(['answer', 'nothing']) });

function controlRoutes(
  parts: Pick<
    ApiParts,
    'config' | 'store' | 'faults' | 'unexecuted' | 'reload' | 'stop' | 'holds' | 'machines' | 'forget'
  >,
): Hono {
  const { faults, holds } = parts;
  const routes = new Hono();
  routes.use(async (context, next) => {
    if (context.req.header('authorization') !== `Bearer ${parts.config.labToken}`)
      return context.json(
        { lab: 'site-mesh', error: 'the lab token is wrong: this is another lab, or lab.json is of another one' },
        401,
      );
    await next();
    return undefined;
  });
  routes.get('/status', (context) => {
    const status: LabStatus = { lab: 'site-mesh', ...ownIdentity(), faults: faults.list() };
    return context.json(status);
  });
  routes.get('/faults', (context) => context.json({ faults: faults.list() }));
  routes.post('/faults', async (context) => {
    const input = FAULT.safeParse(await context.req.json().catch(() => undefined));
    if (!input.success || !isFaultName(input.data.fault))
      return context.json({ error: 'a fault needs a known name and a target' }, 422);
    const refusal = parts.machines === undefined ? undefined : notOnMachines(input.data.fault);
    if (refusal !== undefined) return context.json({ error: refusal }, 422);
    faults.set(input.data.fault, input.data.target);
    return context.json({ faults: faults.list() });
  });
  routes.delete('/faults', (context) => {
    const fault = context.req.query('fault');
    if (fault !== undefined && !isFaultName(fault)) return context.json({ error: `${fault} is not a fault` }, 422);
    faults.clear(fault);
    return context.json({ faults: faults.list() });
  });
  routes.post('/hold', async (context) => {
    const input = HOLD.safeParse(await context.req.json().catch(() => undefined));
    if (!input.success) return context.json({ error: 'a hold needs nth and before' }, 422);
    holds.arm(input.data);
    return context.json({ armed: input.data });
  });
  routes.delete('/hold', (context) => {
    holds.release();
    return context.json({ armed: null });
  });
  routes.get('/unexecuted', (context) => context.json({ unexecuted: parts.unexecuted() }));
  routes.post('/reset', async (context) => {
    await parts.forget?.();
    parts.store.reset();
    return context.json({ reset: true });
  });
  routes.post('/reload', (context) => context.json({ clashes: parts.reload() }));
  routes.post('/stop', (context) => {
    setImmediate(parts.stop);
    return context.json({ stopping: true });
  });
  if (parts.machines !== undefined) routes.route('/', parts.machines);
  routes.all('*', (context) =>
    context.json(
      {
        error:
          parts.machines === undefined
            ? 'this lab keeps records of hosts only; machines need a lab of their own: mesh lab up --machines'
            : 'no such control route',
      },
      404,
    ),
  );
  return routes;
}

/** The lab's whole HTTP surface: `/v1` Hetzner Cloud, `/v2` DigitalOcean, `/api/v2` Tailscale, `/lab` control. */
export function createApi<Tailscale extends Env>(parts: ApiParts<Tailscale>): Api {
  const { config, store, faults, clock, images } = parts;
  const app = new Hono<{ Variables: { tenant?: string } }>();
  app.use(async (context, next) => {
    const started = performance.now();
    await next();
    const tenant = context.get('tenant');
    parts.log({
      time: new Date().toISOString(),
      method: context.req.method,
      path: context.req.path,
      status: context.res.status,
      ms: Math.round(performance.now() - started),
      ...(tenant === undefined ? {} : { tenant }),
    });
    const { method, path } = context.req;
    if (asksForChange(method, path) && context.res.ok) await parts.holds.changed(`${method} ${path}`);
  });
  app.route('/lab', controlRoutes(parts));
  app.route(
    '/v1',
    hetznerApi({
      store,
      faults,
      clock,
      images,
      tenants: cloudAccounts(config.tenants),
      taken: config.existing.map((machine) => machine.address),
      ...(parts.actionMs === undefined ? {} : { actionMs: parts.actionMs }),
    }),
  );
  app.route(
    '/v2',
    digitalOceanApi({
      store,
      faults,
      clock,
      images,
      accounts: digitalOceanAccounts(config.tenants),
      ...(parts.actionMs === undefined ? {} : { actionMs: parts.actionMs }),
    }),
  );
  app.route('/api/v2', parts.tailscale);
  return { fetch: (request) => app.fetch(request) };
}

/** Listens on loopback; rejects with the system's error (`EADDRINUSE` when the port is taken). Port 0 takes a free one. */
export function listenApi(app: Api, host: string, port: number): Promise<{ port: number; close: () => Promise<void> }> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: (request) => app.fetch(request), hostname: host, port }, (info: AddressInfo) => {
      server.off('error', reject);
      resolve({
        port: info.port,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            // Clients keep connections open; an ending lab does not wait for them.
            if ('closeAllConnections' in server) server.closeAllConnections();
          }),
      });
    });
    server.once('error', reject);
  });
}
