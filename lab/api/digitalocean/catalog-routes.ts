import { Hono } from 'hono';
import type { Account } from './account.ts';
import { LIMITS } from './account.ts';
import { IMAGES, REGIONS, SIZES } from './catalog.ts';
import { notFound } from './errors.ts';
import { listAnswer, pathNumber, pathText, type Env } from './request.ts';
import { actionView, imageView, regionView, sizeView } from './views.ts';

function accountView(account: Account): object {
  return {
    droplet_limit: LIMITS.droplets,
    floating_ip_limit: LIMITS.reservedIps,
    volume_limit: 10,
    email: `${account.name}@example.com`,
    name: account.name,
    uuid: `team-${account.name}`,
    email_verified: true,
    status: 'active',
    status_message: '',
    team: { uuid: `team-${account.name}`, name: account.name },
  };
}

/** What can be read and not changed: the account itself, the catalogue, the actions. */
export function catalogRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get('/account', (context) => context.json({ account: accountView(context.var.account) }));
  routes.get('/regions', (context) => listAnswer(context, 'regions', REGIONS, (region) => regionView(region.slug)));
  routes.get('/sizes', (context) => listAnswer(context, 'sizes', SIZES, sizeView));
  routes.get('/images', (context) => listAnswer(context, 'images', IMAGES, imageView));
  routes.get('/images/:id', (context) => {
    const reference = pathText(context);
    const image = IMAGES.find((candidate) => candidate.slug === reference || String(candidate.id) === reference);
    if (image === undefined) throw notFound();
    return context.json({ image: imageView(image) });
  });
  routes.get('/actions', (context) => {
    const { account } = context.var;
    return listAnswer(context, 'actions', account.actions.all().toReversed(), (action) => actionView(account, action));
  });
  routes.get('/actions/:id', (context) => {
    const { account } = context.var;
    return context.json({ action: actionView(account, account.get(account.actions, pathNumber(context))) });
  });
  return routes;
}
