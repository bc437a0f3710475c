import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { ApiError } from './errors.ts';
import { firewallRoutes } from './firewall-routes.ts';
import { networkRoutes } from './network-routes.ts';
import { primaryIpRoutes } from './primary-ip-routes.ts';
import { pricingView } from './prices.ts';
import { Project, type HetznerDeps } from './project.ts';
import type { Env } from './request.ts';
import { serverRoutes } from './server-routes.ts';
import {
  actionRoutes,
  imageRoutes,
  locationRoutes,
  placementGroupRoutes,
  serverTypeRoutes,
  sshKeyRoutes,
} from './simple-routes.ts';

/**
 * Hetzner Cloud v1, the part that a site needs, to be mounted at `/v1`. The token is the tenant: a request sees one
 * project. Sets the context variable `tenant` for the log.
 */
export function hetznerApi(deps: HetznerDeps): Hono<Env> {
  const projects = new Map(deps.tenants.map((tenant) => [tenant.hcloudToken, new Project(tenant.name, deps)]));
  const api = new Hono<Env>();
  api.use(async (context, next) => {
    const token = /^Bearer (.+)$/.exec(context.req.header('authorization') ?? '')?.[1];
    const project = token === undefined ? undefined : projects.get(token);
    if (project === undefined) throw new ApiError(401, 'unauthorized', 'unable to authenticate');
    context.set('project', project);
    context.set('tenant', project.tenant);
    await next();
  });
  api.route('/ssh_keys', sshKeyRoutes());
  api.route('/networks', networkRoutes());
  api.route('/firewalls', firewallRoutes());
  api.route('/placement_groups', placementGroupRoutes());
  api.route('/primary_ips', primaryIpRoutes());
  api.route('/servers', serverRoutes());
  api.route('/actions', actionRoutes());
  api.route('/locations', locationRoutes());
  api.route('/server_types', serverTypeRoutes());
  api.route('/images', imageRoutes());
  api.get('/pricing', (context) => context.json({ pricing: pricingView() }));
  // Not notFound(): mounted under another app, only routes are kept.
  api.all('*', (context) =>
    context.json({ error: { code: 'not_found', message: 'API route not found', details: null } }, 404),
  );
  api.onError((error, context) => {
    if (error instanceof ApiError)
      return context.json(
        { error: { code: error.code, message: error.message, details: error.details } },
        error.status,
      );
    if (error instanceof HTTPException) throw error;
    // A bug of the lab; the daemon's log has the stack, the client gets the shape it knows.
    process.stderr.write(`${error.stack ?? error.message}\n`);
    return context.json(
      { error: { code: 'server_error', message: 'the lab failed to answer; its log says why', details: null } },
      500,
    );
  });
  return api;
}
