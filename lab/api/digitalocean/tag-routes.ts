import { Hono, type Context } from 'hono';
import { z } from 'zod';
import type { Account } from './account.ts';
import { notFound, unprocessable } from './errors.ts';
import type { DropletRecord, FirewallRule, TagRecord } from './records.ts';
import { body, listAnswer, pathText, type Env } from './request.ts';
import { tagView } from './views.ts';

export const TAG_NAME = z
  .string()
  .regex(
    /^[a-zA-Z0-9_\-:]{1,255}$/,
    'may contain letters, numbers, colons, dashes and underscores, at most 255 of them',
  );

const RESOURCES = z.object({
  resources: z.array(
    z.object({
      resource_id: z.union([z.string(), z.number()]),
      resource_type: z.enum(['droplet', 'database', 'image', 'volume', 'volume_snapshot']),
    }),
  ),
});

/** The tag of that name, made when there is none; one that exists keeps its spelling. */
export function ensureTag(account: Account, name: string): TagRecord {
  const known = account.findTag(name);
  if (known !== undefined) return known;
  const record = { name };
  account.tags.put(name, record);
  return record;
}

function named(account: Account, resources: z.infer<typeof RESOURCES>['resources']): DropletRecord[] {
  return resources.map((resource) => {
    const droplet =
      resource.resource_type === 'droplet' ? account.droplets.get(String(resource.resource_id)) : undefined;
    if (droplet === undefined)
      throw unprocessable(`${resource.resource_type} ${resource.resource_id} could not be found`);
    return droplet;
  });
}

/** Without the tag; rules that let nobody else in go with it. */
function withoutTag(rules: readonly FirewallRule[], name: string): FirewallRule[] {
  return rules.flatMap((rule) => {
    const tags = rule.target.tags.filter((tag) => tag !== name);
    const target = { ...rule.target, tags };
    return Object.values(target).some((list) => list.length > 0) ? [{ ...rule, target }] : [];
  });
}

function removeTag(account: Account, name: string): void {
  for (const droplet of account.dropletsOfTag(name))
    account.droplets.put(String(droplet.id), { ...droplet, tags: droplet.tags.filter((tag) => tag !== name) });
  for (const firewall of account.firewalls.all()) {
    account.firewalls.put(firewall.id, {
      ...firewall,
      tags: firewall.tags.filter((tag) => tag !== name),
      inbound: withoutTag(firewall.inbound, name),
      outbound: withoutTag(firewall.outbound, name),
    });
  }
  account.tags.delete(name);
}

export function tagRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  // The path takes the canonical spelling only.
  const one = (context: Context<Env>): TagRecord => {
    const found = context.var.account.tags.get(pathText(context, 'name'));
    if (found === undefined) throw notFound();
    return found;
  };
  routes.get('/', (context) => {
    const { account } = context.var;
    return listAnswer(context, 'tags', account.tags.all(), (tag) => tagView(account, tag));
  });
  // Not refused when it exists: clients make sure of a tag this way.
  routes.post('/', async (context) => {
    const { account } = context.var;
    const { name } = await body(context, z.object({ name: TAG_NAME }));
    return context.json({ tag: tagView(account, ensureTag(account, name)) }, 201);
  });
  routes.get('/:name', (context) => context.json({ tag: tagView(context.var.account, one(context)) }));
  routes.delete('/:name', (context) => {
    removeTag(context.var.account, one(context).name);
    return context.body(null, 204);
  });
  routes.post('/:name/resources', async (context) => {
    const { account } = context.var;
    const { name } = one(context);
    const droplets = named(account, (await body(context, RESOURCES)).resources);
    for (const droplet of droplets.filter((candidate) => !candidate.tags.includes(name)))
      account.droplets.put(String(droplet.id), { ...droplet, tags: [...droplet.tags, name] });
    return context.body(null, 204);
  });
  routes.delete('/:name/resources', async (context) => {
    const { account } = context.var;
    const { name } = one(context);
    for (const droplet of named(account, (await body(context, RESOURCES)).resources))
      account.droplets.put(String(droplet.id), { ...droplet, tags: droplet.tags.filter((tag) => tag !== name) });
    return context.body(null, 204);
  });
  return routes;
}
