import { Hono, type MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { deviceListRoutes, deviceRoutes } from './api/devices.ts';
import { keyRoutes } from './api/keys.ts';
import { policyRoutes } from './api/policy.ts';
import { credential, type Env } from './api/request.ts';
import { dnsRoutes, settingsRoutes } from './api/settings.ts';
import type { Tailnet } from './index.ts';
import { Refusal } from './records.ts';

/**
 * Tailscale API v2, the part that a site and the official plugin's stand-in need, to be mounted at `/api/v2`. The
 * credential is the tenant: a request sees one tailnet. Sets the context variable `tenant` for the log.
 * @param around what stands around every route, once it is known who asks
 */
export function tailscaleApi(tailnet: Tailnet, around?: MiddlewareHandler<Env>): Hono<Env> {
  const api = new Hono<Env>();
  // Before the credential check: this is where tokens come from.
  api.post('/oauth/token', async (context) => {
    const form = new URLSearchParams(await context.req.text());
    const [user = '', password = ''] = basic(context.req.header('authorization'));
    const id = user === '' ? (form.get('client_id') ?? '') : user;
    const secret = user === '' ? (form.get('client_secret') ?? '') : password;
    const grant = form.get('grant_type');
    if (grant !== null && grant !== 'client_credentials')
      return context.json({ error: 'unsupported_grant_type', error_description: `grant_type ${grant}` }, 400);
    const issued = tailnet.issueToken(id, secret);
    if (issued === undefined)
      return context.json(
        { error: 'invalid_client', error_description: 'API token invalid', message: 'API token invalid' },
        401,
      );
    return context.json({ access_token: issued.token, token_type: 'Bearer', expires_in: issued.seconds, scope: 'all' });
  });
  api.use(async (context, next) => {
    const access = tailnet.authenticate(credential(context.req.header('authorization')) ?? '');
    if (access === undefined) throw new Refusal(401, 'API token invalid');
    context.set('scope', access.scope);
    context.set('actor', access.actor);
    context.set('tenant', access.scope.config.name);
    await next();
  });
  if (around !== undefined) api.use(around);
  api.route('/tailnet/:tailnet/keys', keyRoutes());
  api.route('/tailnet/:tailnet/devices', deviceListRoutes());
  api.route('/tailnet/:tailnet/acl', policyRoutes());
  api.route('/tailnet/:tailnet/settings', settingsRoutes());
  api.route('/tailnet/:tailnet/dns', dnsRoutes());
  api.route('/device', deviceRoutes());
  // Not notFound(): mounted under another app, only routes are kept. JSON, or the official client does not see a 404.
  api.all('*', (context) => context.json({ message: '404 page not found' }, 404));
  api.onError((error, context) => {
    if (error instanceof Refusal)
      return context.json(
        { message: error.message, ...(error.data === undefined ? {} : { data: error.data }) },
        error.status,
      );
    if (error instanceof HTTPException) throw error;
    // A bug of the lab; the daemon's log has the stack, the client gets the shape it knows.
    process.stderr.write(`${error.stack ?? error.message}\n`);
    return context.json({ message: 'the lab failed to answer; its log says why' }, 500);
  });
  return api;
}

/** User and password of Basic; form-encoded inside, as OAuth clients send them. */
function basic(header: string | undefined): string[] {
  const [scheme = '', value = ''] = (header ?? '').split(' ');
  if (scheme.toLowerCase() !== 'basic') return [];
  const text = Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return [text.slice(0, colon), text.slice(colon + 1)].map(
    (part) => new URLSearchParams(`v=${part.replaceAll('&', '%26')}`).get('v') ?? '',
  );
}
