import { z } from 'zod';
import type { CheckFailure, Inputs, ResourceHandler, Value } from '../../../io/rpc/types.ts';
import { Unknown } from '../../../io/rpc/types.ts';
import { isObject, setOrder, type ResourceSpec } from '../properties.ts';
import { defineResource, list, numbers, shown, text } from '../resource.ts';
import { each, notEmpty, tagKey, tagName } from './checks.ts';
import { explained, type DigitalOceanClient } from './client.ts';

type Side = 'source' | 'destination';

const TARGET = z.object({
  addresses: z.array(z.string()).nullish(),
  droplet_ids: z.array(z.number()).nullish(),
  tags: z.array(z.string()).nullish(),
  load_balancer_uids: z.array(z.string()).nullish(),
  kubernetes_ids: z.array(z.string()).nullish(),
});
const RULE = z.object({ protocol: z.string(), ports: z.string().nullish() });
const ANSWER = z.object({
  firewall: z.object({
    id: z.string(),
    name: z.string(),
    status: z.string().nullish(),
    created_at: z.string().nullish(),
    pending_changes: z.array(z.object({ droplet_id: z.number(), removing: z.boolean(), status: z.string() })).nullish(),
    inbound_rules: z.array(RULE.extend({ sources: TARGET })).nullish(),
    outbound_rules: z.array(RULE.extend({ destinations: TARGET })).nullish(),
    droplet_ids: z.array(z.number()).nullish(),
    tags: z.array(z.string()).nullish(),
  }),
});

/** Argument of a rule → member of the API's target. */
const members = (side: Side): [argument: string, member: keyof z.infer<typeof TARGET>][] => [
  [`${side}Addresses`, 'addresses'],
  [`${side}DropletIds`, 'droplet_ids'],
  [`${side}Tags`, 'tags'],
  [`${side}LoadBalancerUids`, 'load_balancer_uids'],
  [`${side}KubernetesIds`, 'kubernetes_ids'],
];

function refuseRules(side: Side): (rules: Value) => string | undefined {
  const known = ['protocol', 'portRange', '__defaults', ...members(side).map(([argument]) => argument)];
  return each((rule) => {
    if (!isObject(rule)) return 'expected a list of rules';
    const stranger = Object.keys(rule).find((key) => !known.includes(key));
    if (stranger !== undefined) return `An argument named "${stranger}" is not expected here`;
    if (!['tcp', 'udp', 'icmp'].includes(shown(rule.protocol)))
      return `expected protocol to be one of ["tcp" "udp" "icmp"], got ${shown(rule.protocol)}`;
    if (rule.portRange === '') return 'portRange must not be empty';
    return each(tagName)(rule[`${side}Tags`]);
  });
}

export const FIREWALL_SPEC: ResourceSpec = {
  framework: false,
  named: true,
  properties: {
    name: { type: 'string', refuse: notEmpty },
    dropletIds: { type: 'list', set: true },
    inboundRules: { type: 'list', set: true, refuse: refuseRules('source') },
    outboundRules: { type: 'list', set: true, refuse: refuseRules('destination') },
    tags: { type: 'list', set: true, key: tagKey, refuse: each(tagName) },
  },
  outputs: ['createdAt', 'pendingChanges', 'status'],
};

/** The plugin's check of the plan: known rules only. */
function validate(inputs: Inputs): CheckFailure[] {
  const { inboundRules, outboundRules } = inputs;
  if (list(inboundRules).length + list(outboundRules).length === 0)
    return inboundRules instanceof Unknown || outboundRules instanceof Unknown
      ? []
      : [{ property: '', reason: 'At least one rule must be specified' }];
  const withoutPorts = (rules: Value) =>
    list(rules).some((rule) => isObject(rule) && rule.protocol !== 'icmp' && (rule.portRange ?? '') === '');
  const missing = (['inbound', 'outbound'] as const).filter((direction) => withoutPorts(inputs[`${direction}Rules`]));
  return missing.map((direction) => ({
    property: `${direction}Rules`,
    reason: `\`port_range\` of ${direction} rules is required if protocol is \`tcp\` or \`udp\``,
  }));
}

/** Rules in the order of a set; null without any. Empty lists and ports are left out. */
function apiRules(rules: Value, side: Side): object[] | null {
  const sent = setOrder(list(rules)).flatMap((rule) => {
    if (!isObject(rule)) return [];
    const target = members(side).flatMap(([argument, member]) => {
      const values = setOrder(list(rule[argument]));
      return values.length > 0 ? [[member, values]] : [];
    });
    const ports = typeof rule.portRange === 'string' && rule.portRange !== '' ? { ports: rule.portRange } : {};
    return { protocol: rule.protocol, ...ports, [`${side}s`]: Object.fromEntries(target) as object };
  });
  return sent.length > 0 ? sent : null;
}

function body(news: Inputs): object {
  const dropletIds = numbers(setOrder(list(news.dropletIds)));
  return {
    name: text(news, 'name'),
    inbound_rules: apiRules(news.inboundRules, 'source'),
    outbound_rules: apiRules(news.outboundRules, 'destination'),
    droplet_ids: dropletIds.length > 0 ? dropletIds : null,
    tags: setOrder(list(news.tags)),
  };
}

function stateRule(rule: z.infer<typeof RULE>, target: z.infer<typeof TARGET>, side: Side): Inputs {
  const { protocol, ports } = rule;
  // "0" is how the service writes all ports; for icmp it writes it always.
  const portRange = ports === '0' ? (protocol === 'icmp' ? undefined : 'all') : (ports ?? '');
  const lists = members(side).flatMap(([argument, member]) => {
    const values = target[member];
    return values === undefined || values === null ? [] : [[argument, values]];
  });
  return { protocol, portRange, ...(Object.fromEntries(lists) as Inputs) };
}

/** digitalocean:index/firewall:Firewall. It never makes the tags that it names. */
export const firewall: ResourceHandler<DigitalOceanClient> = defineResource(FIREWALL_SPEC, {
  validate,
  create: async ({ client, signal }, news, made) => {
    const answer = await explained('Error creating firewall', () =>
      client.call(signal, 'POST', '/v2/firewalls', ANSWER, body(news)),
    );
    made(answer.firewall.id);
    return { id: answer.firewall.id };
  },
  read: ({ client, signal }, id) =>
    explained('Error retrieving firewall', async () => {
      const found = (await client.find(signal, `/v2/firewalls/${id}`, ANSWER))?.firewall;
      if (found === undefined) return undefined;
      return {
        name: found.name,
        status: found.status ?? '',
        createdAt: found.created_at ?? '',
        pendingChanges: (found.pending_changes ?? []).map((change) => ({
          dropletId: change.droplet_id,
          removing: change.removing,
          status: change.status,
        })),
        dropletIds: found.droplet_ids ?? [],
        inboundRules: (found.inbound_rules ?? []).map((rule) => stateRule(rule, rule.sources, 'source')),
        outboundRules: (found.outbound_rules ?? []).map((rule) => stateRule(rule, rule.destinations, 'destination')),
        tags: found.tags ?? [],
      };
    }),
  update: async ({ client, signal }, id, _olds, news) => {
    await explained('Error updating firewall', () =>
      client.call(signal, 'PUT', `/v2/firewalls/${id}`, ANSWER, body(news)),
    );
    return undefined;
  },
  // One that is gone already is an error: the plugin looks for words that its client no longer writes.
  delete: async ({ client, signal }, id) => {
    await explained('Error deleting firewall', () => client.call(signal, 'DELETE', `/v2/firewalls/${id}`, z.unknown()));
  },
});
