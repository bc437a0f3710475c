import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { Account, type DigitalOceanDeps } from './account.ts';
import { catalogRoutes } from './catalog-routes.ts';
import { dropletRoutes } from './droplet-routes.ts';
import { ApiError, notFound } from './errors.ts';
import { firewallRoutes } from './firewall-routes.ts';
import { projectRoutes } from './project-routes.ts';
import type { Env } from './request.ts';
import { reservedIpRoutes } from './reserved-ip-routes.ts';
import { sshKeyRoutes } from './ssh-key-routes.ts';
import { tagRoutes } from './tag-routes.ts';
import { vpcRoutes } from './vpc-routes.ts';

/**
 * DigitalOcean v2, the part that a site needs, to be mounted at `/v2`. The token is the tenant: a request sees one
 * account. Sets the context variable `tenant` for the log.
 */
export function digitalOceanApi(deps: DigitalOceanDeps): Hono<Env> {
  const accounts = new Map(deps.accounts.map(({ name, token }) => [token, new Account(name, deps)]));
  const api = new Hono<Env>();
  api.use(async (context, next) => {
    const token = /^Bearer (.+)$/.exec(context.req.header('authorization') ?? '')?.[1];
    const account = token === undefined ? undefined : accounts.get(token);
    if (account === undefined) throw new ApiError(401, 'Unauthorized', 'Unable to authenticate you');
    account.open();
    account.sweep();
    context.set('account', account);
    context.set('tenant', account.name);
    await next();
  });
  api.route('/account/keys', sshKeyRoutes());
  api.route('/vpcs', vpcRoutes());
  api.route('/tags', tagRoutes());
  api.route('/firewalls', firewallRoutes());
  api.route('/droplets', dropletRoutes());
  api.route('/reserved_ips', reservedIpRoutes());
  api.route('/projects', projectRoutes());
  api.route('/', catalogRoutes());
  // Not notFound() of the router: mounted under another app, only routes are kept.
  api.all('*', () => {
    throw notFound();
  });
  api.onError((error, context) => {
    const answer = (id: string, message: string) => ({ id, message, request_id: randomUUID() });
    if (error instanceof ApiError) return context.json(answer(error.id, error.message), error.status);
    if (error instanceof HTTPException) throw error;
    // A bug of the lab; the daemon's log has the stack, the client gets the shape it knows.
    process.stderr.write(`${error.stack ?? error.message}\n`);
    return context.json(answer('server_error', 'the lab failed to answer; its log says why'), 500);
  });
  return api;
}
