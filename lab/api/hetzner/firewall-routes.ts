import { Hono } from 'hono';
import { z } from 'zod';
import { ApiError, invalidInput, limitExceeded } from './errors.ts';
import { isNetworkCidr } from '../ip.ts';
import { checkLabels, parseSelector } from './labels.ts';
import { LIMITS, type Project } from './project.ts';
import type { FirewallRecord, FirewallRule, FirewallTarget } from './records.ts';
import { ID, LABELS, NAME, body, listAnswer, pathId, type Env } from './request.ts';
import { RENAME } from './simple-routes.ts';
import { actionView, firewallView } from './views.ts';

const RULE = z.object({
  direction: z.enum(['in', 'out']),
  protocol: z.enum(['tcp', 'udp', 'icmp', 'esp', 'gre']),
  port: z.string().nullish(),
  source_ips: z.array(z.string()).nullish(),
  destination_ips: z.array(z.string()).nullish(),
  description: z.string().max(255, 'is too long').nullish(),
});
const RULES = z.array(RULE).nullish();
const TARGET = z.discriminatedUnion('type', [
  z.object({ type: z.literal('server'), server: z.object({ id: ID }) }),
  z.object({
    type: z.literal('label_selector'),
    label_selector: z.object({ selector: z.string().min(1, 'must not be empty') }),
  }),
]);

function checkPort(field: string, port: string): void {
  if (port === 'any') return;
  const [from = NaN, to = from] = port.split('-').map(Number);
  const valid = /^\d{1,5}(-\d{1,5})?$/.test(port) && from >= 1 && to <= 65535 && from <= to;
  if (!valid) throw invalidInput(field, `'${port}' is not a port or a range of ports`);
}

function newRule(input: z.infer<typeof RULE>, index: number): FirewallRule {
  const at = (field: string) => `rules.${index}.${field}`;
  const needsPort = input.protocol === 'tcp' || input.protocol === 'udp';
  const port = input.port ?? null;
  if (needsPort && port === null) throw invalidInput(at('port'), `is needed for protocol ${input.protocol}`);
  if (!needsPort && port !== null) throw invalidInput(at('port'), `is not allowed for protocol ${input.protocol}`);
  if (port !== null) checkPort(at('port'), port);
  const [own, other] =
    input.direction === 'in'
      ? (['source_ips', 'destination_ips'] as const)
      : (['destination_ips', 'source_ips'] as const);
  if ((input[own] ?? []).length === 0)
    throw invalidInput(at(own), `must not be empty for direction ${input.direction}`);
  if ((input[other] ?? []).length > 0) throw invalidInput(at(other), `is not allowed for direction ${input.direction}`);
  for (const ip of input[own] ?? []) {
    if (!isNetworkCidr(ip)) throw invalidInput(at(own), `'${ip}' is not a network in CIDR notation`);
  }
  return {
    direction: input.direction,
    protocol: input.protocol,
    port,
    source_ips: input.source_ips ?? [],
    destination_ips: input.destination_ips ?? [],
    description: input.description ?? null,
  };
}

function newRules(input: z.infer<typeof RULES>): FirewallRule[] {
  if ((input?.length ?? 0) > LIMITS.rulesPerFirewall) throw limitExceeded('firewall_rule', LIMITS.rulesPerFirewall);
  return (input ?? []).map(newRule);
}

function same(a: FirewallTarget, b: FirewallTarget): boolean {
  if (a.type === 'server') return b.type === 'server' && a.server.id === b.server.id;
  return b.type === 'label_selector' && a.label_selector.selector === b.label_selector.selector;
}

function addTargets(project: Project, firewall: FirewallRecord, targets: FirewallTarget[]): FirewallTarget[] {
  const result = [...firewall.appliedTo];
  for (const target of targets) {
    if (target.type === 'server') {
      const server = project.servers.get(String(target.server.id));
      if (server === undefined)
        throw new ApiError(
          404,
          'firewall_resource_not_found',
          `the resource 'server' with ID '${target.server.id}' was not found`,
        );
      if (project.firewallsOfServer(server).length >= LIMITS.firewallsPerServer)
        throw limitExceeded('firewalls_per_server', LIMITS.firewallsPerServer);
    } else parseSelector(target.label_selector.selector, 'apply_to');
    if (result.some((other) => same(other, target)))
      throw new ApiError(409, 'firewall_already_applied', 'the firewall was already applied to this resource');
    result.push(target);
  }
  return result;
}

function removeTargets(firewall: FirewallRecord, targets: FirewallTarget[]): FirewallTarget[] {
  for (const target of targets) {
    if (!firewall.appliedTo.some((other) => same(other, target)))
      throw new ApiError(404, 'firewall_resource_not_found', 'the firewall is not applied to this resource');
  }
  return firewall.appliedTo.filter((other) => !targets.some((target) => same(other, target)));
}

/** The names by which the fault `action-error` finds an action on these targets. */
function targetNames(project: Project, targets: FirewallTarget[]): string[] {
  return targets.flatMap((target) =>
    target.type === 'server' ? (project.servers.get(String(target.server.id))?.name ?? []) : [],
  );
}

export function firewallRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  const one = (project: Project, id: number) => project.get(project.firewalls, 'firewall', id);
  const start = (project: Project, command: string, firewall: FirewallRecord, targets: FirewallTarget[]) =>
    project.start(command, [{ id: firewall.id, type: 'firewall' }], [firewall.name, ...targetNames(project, targets)]);

  routes.get('/', (context) =>
    listAnswer(context, 'firewalls', context.var.project.firewalls.all(), (record) =>
      firewallView(context.var.project, record),
    ),
  );
  routes.post('/', async (context) => {
    const { project } = context.var;
    const input = await body(
      context,
      z.object({ name: NAME, labels: LABELS, rules: RULES, apply_to: z.array(TARGET).nullish() }),
    );
    project.checkName(project.firewalls, 'firewall', input.name);
    if (project.firewalls.all().length >= LIMITS.firewalls) throw limitExceeded('firewall', LIMITS.firewalls);
    const record: FirewallRecord = {
      id: 0,
      name: input.name,
      labels: checkLabels(input.labels ?? {}),
      created: project.now,
      rules: newRules(input.rules),
      appliedTo: [],
    };
    const targets = input.apply_to ?? [];
    const appliedTo = addTargets(project, record, targets);
    record.id = project.nextId();
    const actions = [
      ...(record.rules.length > 0 ? [start(project, 'set_firewall_rules', record, [])] : []),
      ...(targets.length > 0 ? [start(project, 'apply_firewall', record, targets)] : []),
    ];
    if (actions.every((action) => action.error === null)) record.appliedTo = appliedTo;
    project.firewalls.put(String(record.id), record);
    return context.json(
      { firewall: firewallView(project, record), actions: actions.map((action) => actionView(project, action)) },
      201,
    );
  });
  routes.get('/:id', (context) =>
    context.json({
      firewall: firewallView(context.var.project, one(context.var.project, pathId(context, 'firewall'))),
    }),
  );
  routes.put('/:id', async (context) => {
    const { project } = context.var;
    const record = one(project, pathId(context, 'firewall'));
    return context.json({
      firewall: firewallView(
        project,
        project.rename(project.firewalls, 'firewall', record, await body(context, RENAME)),
      ),
    });
  });
  routes.delete('/:id', (context) => {
    const { project } = context.var;
    const record = one(project, pathId(context, 'firewall'));
    if (record.appliedTo.length > 0)
      throw new ApiError(409, 'resource_in_use', `firewall with ID '${record.id}' is still in use`);
    project.firewalls.delete(String(record.id));
    return context.body(null, 204);
  });

  const change = <T extends z.ZodType>(
    name: string,
    command: string,
    schema: T,
    effect: (
      project: Project,
      firewall: FirewallRecord,
      input: z.infer<T>,
    ) => { changed: Partial<FirewallRecord>; targets: FirewallTarget[] },
  ) => {
    routes.post(`/:id/actions/${name}`, async (context) => {
      const { project } = context.var;
      const record = one(project, pathId(context, 'firewall'));
      const input = await body(context, schema);
      const { changed, targets } = effect(project, record, input);
      const action = start(project, command, record, targets);
      if (action.error === null) project.firewalls.put(String(record.id), { ...record, ...changed });
      return context.json({ actions: [actionView(project, action)] }, 201);
    });
  };
  change('set_rules', 'set_firewall_rules', z.object({ rules: z.array(RULE) }), (_, __, input) => ({
    changed: { rules: newRules(input.rules) },
    targets: [],
  }));
  change(
    'apply_to_resources',
    'apply_firewall',
    z.object({ apply_to: z.array(TARGET).nullable() }),
    (project, firewall, input) => ({
      changed: { appliedTo: addTargets(project, firewall, input.apply_to ?? []) },
      targets: input.apply_to ?? [],
    }),
  );
  change(
    'remove_from_resources',
    'remove_firewall',
    z.object({ remove_from: z.array(TARGET).nullable() }),
    (_, firewall, input) => ({
      changed: { appliedTo: removeTargets(firewall, input.remove_from ?? []) },
      targets: input.remove_from ?? [],
    }),
  );
  return routes;
}
