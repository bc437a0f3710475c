import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { LIMITS, type Account } from './account.ts';
import { conflict, unprocessable } from './errors.ts';
import type { FirewallRecord, FirewallRule, Protocol, RuleTarget } from './records.ts';
import { body, listAnswer, pathText, type Env } from './request.ts';
import { firewallView } from './views.ts';

const TARGET = z.object({
  addresses: z.array(z.string()).nullish(),
  droplet_ids: z.array(z.number()).nullish(),
  tags: z.array(z.string()).nullish(),
  load_balancer_uids: z.array(z.string()).nullish(),
  kubernetes_ids: z.array(z.string()).nullish(),
});
const PROTOCOL = z.enum(['tcp', 'udp', 'icmp']);
const INBOUND = z.object({ protocol: PROTOCOL, ports: z.string().nullish(), sources: TARGET });
const OUTBOUND = z.object({ protocol: PROTOCOL, ports: z.string().nullish(), destinations: TARGET });
const FIREWALL = z.object({
  name: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9.-]*$/, 'may only contain alphanumeric characters, dashes, and periods'),
  inbound_rules: z.array(INBOUND).nullish(),
  outbound_rules: z.array(OUTBOUND).nullish(),
  droplet_ids: z.array(z.number()).nullish(),
  tags: z.array(z.string()).nullish(),
});
type Input = z.infer<typeof FIREWALL>;

/** `0` is how the service writes all ports, however they were asked for. */
function ports(protocol: Protocol, text: string | null | undefined): string {
  if (protocol === 'icmp') return '0';
  if (text === undefined || text === null || text === '') throw unprocessable(`ports are required for ${protocol}`);
  if (text === 'all' || text === '0' || text === '1-65535') return '0';
  const [from = NaN, to = from] = text.split('-').map(Number);
  if (!/^\d{1,5}(-\d{1,5})?$/.test(text) || from < 1 || to > 65535 || from > to)
    throw unprocessable(`invalid port range ${text}`);
  return text;
}

function checkTags(account: Account, tags: readonly string[]): string[] {
  return tags.map((name) => {
    const tag = account.findTag(name);
    if (tag === undefined) throw unprocessable(`tag ${name} does not exist`);
    return tag.name;
  });
}

function checkDroplets(account: Account, ids: readonly number[]): void {
  const missing = ids.find((id) => account.droplets.get(String(id)) === undefined);
  if (missing !== undefined) throw unprocessable(`droplet ${missing} could not be found`);
}

function newTarget(account: Account, input: z.infer<typeof TARGET>): RuleTarget {
  if ((input.load_balancer_uids ?? []).length > 0 || (input.kubernetes_ids ?? []).length > 0)
    throw unprocessable('there are no load balancers and no clusters in this account');
  const addresses = input.addresses ?? [];
  for (const address of addresses) {
    if (!ipaddr.isValid(address) && !ipaddr.isValidCIDR(address)) throw unprocessable(`invalid address ${address}`);
  }
  if (addresses.length > LIMITS.addressesPerRule)
    throw unprocessable(`a rule takes at most ${LIMITS.addressesPerRule} addresses`);
  const target = {
    addresses,
    droplet_ids: input.droplet_ids ?? [],
    tags: checkTags(account, input.tags ?? []),
  };
  checkDroplets(account, target.droplet_ids);
  if (Object.values(target).every((list) => list.length === 0))
    throw unprocessable('a rule must name at least one source or destination');
  return target;
}

function newRules(
  account: Account,
  inputs: readonly { protocol: Protocol; ports?: string | null | undefined; target: z.infer<typeof TARGET> }[],
): FirewallRule[] {
  const rules = inputs.map((input) => ({
    protocol: input.protocol,
    ports: ports(input.protocol, input.ports),
    target: newTarget(account, input.target),
  }));
  if (new Set(rules.map((entry) => JSON.stringify(entry))).size < rules.length) throw unprocessable('duplicate rule');
  return rules;
}

/** Everything of a firewall that the program says, checked. */
function contents(account: Account, input: Input, self?: string): Omit<FirewallRecord, 'id' | 'created' | 'settles'> {
  const taken = account.firewalls.all().some((other) => other.name === input.name && other.id !== self);
  if (taken || (self === undefined && account.faults.hits('name-taken', input.name))) throw conflict('duplicate name');
  const inbound = newRules(
    account,
    (input.inbound_rules ?? []).map((entry) => ({ ...entry, target: entry.sources })),
  );
  const outbound = newRules(
    account,
    (input.outbound_rules ?? []).map((entry) => ({ ...entry, target: entry.destinations })),
  );
  if (inbound.length + outbound.length === 0) throw unprocessable('at least one rule must be specified');
  if (inbound.length + outbound.length > LIMITS.rulesPerFirewall)
    throw unprocessable(`a firewall takes at most ${LIMITS.rulesPerFirewall} rules`);
  const dropletIds = input.droplet_ids ?? [];
  checkDroplets(account, dropletIds);
  if (dropletIds.length > LIMITS.dropletsPerFirewall)
    throw unprocessable(`a firewall takes at most ${LIMITS.dropletsPerFirewall} droplets`);
  const tags = checkTags(account, input.tags ?? []);
  if (tags.length > LIMITS.tagsPerFirewall)
    throw unprocessable(`a firewall takes at most ${LIMITS.tagsPerFirewall} tags`);
  return { name: input.name, inbound, outbound, dropletIds, tags };
}

export function firewallRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get('/', (context) => {
    const { account } = context.var;
    return listAnswer(context, 'firewalls', account.firewalls.all(), (record) => firewallView(account, record));
  });
  routes.post('/', async (context) => {
    const { account } = context.var;
    const input = await body(context, FIREWALL);
    const checked = contents(account, input);
    if (account.firewalls.all().length >= LIMITS.firewalls)
      throw unprocessable(`an account takes at most ${LIMITS.firewalls} firewalls`);
    const record = { id: randomUUID(), created: account.now, settles: account.now + account.actionMs, ...checked };
    account.firewalls.put(record.id, record);
    return context.json({ firewall: firewallView(account, record) }, 202);
  });
  routes.get('/:id', (context) => {
    const { account } = context.var;
    return context.json({
      firewall: firewallView(account, account.get(account.firewalls, pathText(context))),
    });
  });
  routes.put('/:id', async (context) => {
    const { account } = context.var;
    const { id, created } = account.get(account.firewalls, pathText(context));
    const input = await body(context, FIREWALL);
    const record = { id, created, settles: account.now + account.actionMs, ...contents(account, input, id) };
    account.firewalls.put(id, record);
    return context.json({ firewall: firewallView(account, record) });
  });
  routes.delete('/:id', (context) => {
    const { account } = context.var;
    account.firewalls.delete(account.get(account.firewalls, pathText(context)).id);
    return context.body(null, 204);
  });
  return routes;
}
