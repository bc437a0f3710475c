import { Hono } from 'hono';
import type { Account } from './account.ts';
import { DROPLET_ACTION, runDropletAction } from './droplet-actions.ts';
import { CREATE, createDroplet } from './droplet-create.ts';
import { notFound } from './errors.ts';
import type { DropletRecord } from './records.ts';
import { body, listAnswer, pathNumber, type Env } from './request.ts';
import { actionView, dropletView } from './views.ts';

/** It stays visible, locked, until the destroy event is over; what pointed at it lets go at once. */
function destroy(account: Account, droplet: DropletRecord): void {
  const action = account.start('destroy', { type: 'droplet', id: droplet.id }, droplet.region, '');
  account.droplets.put(String(droplet.id), {
    ...droplet,
    power: { before: account.status(droplet), after: 'off', at: account.now },
    busyUntil: action.finishes,
    goneAt: action.finishes,
  });
  const reserved = account.reservedIpOf(droplet.id);
  if (reserved !== undefined) account.reservedIps.put(reserved.ip, { ...reserved, droplet: null });
  for (const firewall of account.firewalls.all()) {
    if (!firewall.dropletIds.includes(droplet.id)) continue;
    account.firewalls.put(firewall.id, {
      ...firewall,
      dropletIds: firewall.dropletIds.filter((id) => id !== droplet.id),
    });
  }
}

export function dropletRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get('/', (context) => {
    const { account } = context.var;
    const [name, tag] = [context.req.query('name'), context.req.query('tag_name')];
    const found = account.droplets
      .all()
      .filter(
        (droplet) =>
          (name === undefined || droplet.name.toLowerCase() === name.toLowerCase()) &&
          (tag === undefined || droplet.tags.includes(tag)),
      );
    return listAnswer(context, 'droplets', found, (droplet) => dropletView(account, droplet));
  });
  routes.post('/', async (context) => {
    const { account } = context.var;
    const { droplet, action } = createDroplet(account, await body(context, CREATE));
    const href = new URL(`/v2/actions/${action.id}`, context.req.url).href;
    return context.json(
      { droplet: dropletView(account, droplet), links: { actions: [{ id: action.id, rel: 'create', href }] } },
      202,
    );
  });
  routes.get('/:id', (context) => {
    const { account } = context.var;
    return context.json({
      droplet: dropletView(account, account.get(account.droplets, pathNumber(context))),
    });
  });
  routes.delete('/:id', (context) => {
    const { account } = context.var;
    const droplet = account.get(account.droplets, pathNumber(context));
    account.checkUnlocked(droplet);
    destroy(account, droplet);
    return context.body(null, 204);
  });
  routes.get('/:id/actions', (context) => {
    const { account } = context.var;
    const droplet = account.get(account.droplets, pathNumber(context));
    const reserved = account.reservedIpOf(droplet.id);
    const actions = account.actions
      .all()
      .filter(({ resource }) =>
        resource.type === 'droplet' ? resource.id === droplet.id : resource.ip === reserved?.ip,
      );
    return listAnswer(context, 'actions', actions.toReversed(), (action) => actionView(account, action));
  });
  routes.post('/:id/actions', async (context) => {
    const { account } = context.var;
    const droplet = account.get(account.droplets, pathNumber(context));
    const action = runDropletAction(account, droplet, await body(context, DROPLET_ACTION));
    return context.json({ action: actionView(account, action) }, 201);
  });
  routes.get('/:id/actions/:action', (context) => {
    const { account } = context.var;
    const action = account.get(account.actions, pathNumber(context, 'action'));
    if (action.resource.type !== 'droplet' || action.resource.id !== pathNumber(context)) throw notFound();
    return context.json({ action: actionView(account, action) });
  });
  return routes;
}
