import { Hono } from 'hono';
import { z } from 'zod';
import { LIMITS, type Account } from './account.ts';
import { REGIONS } from './catalog.ts';
import { notFound, unprocessable } from './errors.ts';
import type { ActionRecord, DropletRecord, ReservedIpRecord } from './records.ts';
import { body, listAnswer, pathNumber, pathText, type Env } from './request.ts';
import { actionView, reservedIpView } from './views.ts';

const CREATE = z.object({
  region: z.string().nullish(),
  droplet_id: z.number().nullish(),
  project_id: z.string().nullish(),
});
const ACTION = z.discriminatedUnion('type', [
  z.object({ type: z.literal('assign'), droplet_id: z.number() }),
  z.object({ type: z.literal('unassign') }),
]);

function findDroplet(account: Account, id: number): DropletRecord {
  const droplet = account.droplets.get(String(id));
  if (droplet === undefined) throw unprocessable('The droplet could not be found.');
  return droplet;
}

function checkAssignable(account: Account, ip: string, region: string, droplet: DropletRecord): void {
  account.checkUnlocked(droplet);
  if (droplet.region !== region) throw unprocessable('The reserved IP and the Droplet must be in the same region.');
  if (droplet.publicAddress === '') throw unprocessable('The Droplet has no public networking.');
  const held = account.reservedIpOf(droplet.id);
  if (held?.ip === ip) throw unprocessable('The reserved IP is already assigned to this Droplet.');
  if (held !== undefined) throw unprocessable('The Droplet already has a reserved IP.');
}

function checkUnlocked(account: Account, record: ReservedIpRecord): void {
  if (record.busyUntil > account.now) throw unprocessable('The reserved IP already has a pending event.');
}

function create(account: Account, input: z.infer<typeof CREATE>): ReservedIpRecord {
  const droplet = typeof input.droplet_id === 'number' ? findDroplet(account, input.droplet_id) : undefined;
  const region = droplet?.region ?? input.region ?? '';
  if (!REGIONS.some((known) => known.slug === region && known.available))
    throw unprocessable('region is not a valid region');
  const project = input.project_id ?? account.defaultProject.id;
  if (account.projects.get(project) === undefined) throw unprocessable('project_id does not exist');
  if (droplet !== undefined) checkAssignable(account, '', region, droplet);
  if (account.reservedIps.all().length >= LIMITS.reservedIps)
    throw unprocessable('You have reached the limit of reserved IPs for your account.');
  const record: ReservedIpRecord = {
    ip: account.allocateAddress('reserved'),
    region,
    droplet: droplet?.id ?? null,
    project,
    busyUntil: 0,
  };
  account.reservedIps.put(record.ip, record);
  return record;
}

/** Assigning takes the address from whoever had it. Address and droplet are busy until it is over. */
function act(account: Account, record: ReservedIpRecord, input: z.infer<typeof ACTION>): ActionRecord {
  checkUnlocked(account, record);
  const droplet =
    input.type === 'assign'
      ? findDroplet(account, input.droplet_id)
      : account.droplets.get(String(record.droplet ?? ''));
  if (droplet === undefined) throw unprocessable('The reserved IP is not assigned to a Droplet.');
  if (input.type === 'assign') checkAssignable(account, record.ip, record.region, droplet);
  else account.checkUnlocked(droplet);
  const type = input.type === 'assign' ? 'assign_ip' : 'unassign_ip';
  const action = account.start(type, { type: 'reserved_ip', ip: record.ip }, record.region, droplet.name);
  const assigned = input.type === 'assign' ? droplet.id : null;
  account.reservedIps.put(record.ip, {
    ...record,
    ...(action.errored ? {} : { droplet: assigned, project: assigned === null ? record.project : droplet.project }),
    busyUntil: action.finishes,
  });
  account.droplets.put(String(droplet.id), { ...droplet, busyUntil: action.finishes });
  return action;
}

export function reservedIpRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get('/', (context) => {
    const { account } = context.var;
    return listAnswer(context, 'reserved_ips', account.reservedIps.all(), (record) => reservedIpView(account, record));
  });
  routes.post('/', async (context) => {
    const { account } = context.var;
    const record = create(account, await body(context, CREATE));
    return context.json({ reserved_ip: reservedIpView(account, record), links: {} }, 202);
  });
  routes.get('/:ip', (context) => {
    const { account } = context.var;
    return context.json({
      reserved_ip: reservedIpView(account, account.get(account.reservedIps, pathText(context, 'ip'))),
    });
  });
  routes.delete('/:ip', (context) => {
    const { account } = context.var;
    const record = account.get(account.reservedIps, pathText(context, 'ip'));
    checkUnlocked(account, record);
    // The service says of an assigned IPv6 one that it cannot be released; of IPv4 ones it unassigns first, half the time.
    if (record.droplet !== null) throw unprocessable('An assigned reserved IP cannot be released.');
    account.reservedIps.delete(record.ip);
    return context.body(null, 204);
  });
  routes.post('/:ip/actions', async (context) => {
    const { account } = context.var;
    const record = account.get(account.reservedIps, pathText(context, 'ip'));
    const action = act(account, record, await body(context, ACTION));
    return context.json({ action: actionView(account, action) }, 201);
  });
  routes.get('/:ip/actions', (context) => {
    const { account } = context.var;
    const { ip } = account.get(account.reservedIps, pathText(context, 'ip'));
    const actions = account.actions
      .all()
      .filter(({ resource }) => resource.type === 'reserved_ip' && resource.ip === ip);
    return listAnswer(context, 'actions', actions.toReversed(), (action) => actionView(account, action));
  });
  routes.get('/:ip/actions/:action', (context) => {
    const { account } = context.var;
    const action = account.get(account.actions, pathNumber(context, 'action'));
    if (action.resource.type !== 'reserved_ip' || action.resource.ip !== pathText(context, 'ip')) throw notFound();
    return context.json({ action: actionView(account, action) });
  });
  return routes;
}
