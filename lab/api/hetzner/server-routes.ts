import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { z } from 'zod';
import { SERVER_TYPES } from './catalog.ts';
import { ApiError, invalidInput, isProtected } from './errors.ts';
import { unassign } from './primary-ip-routes.ts';
import { LIMITS, type Project } from './project.ts';
import type { ActionRecord, ServerRecord, ServerStatus } from './records.ts';
import { ID, LABELS, body, listAnswer, pathId, type Env } from './request.ts';
import { CREATE, SERVER_NAME, createServer, stillSold } from './server-create.ts';
import { planAliases, planAttach, planDetach } from './server-network.ts';
import { actionView, serverView } from './views.ts';

const NOTHING = z.unknown();

function one(project: Project, id: number): ServerRecord {
  return project.get(project.servers, 'server', id);
}

function requireOff(project: Project, server: ServerRecord): void {
  if (project.status(server) !== 'off') throw new ApiError(422, 'server_not_stopped', 'server must be powered off');
}

/** A status that holds until the action is over, and the one after it. One that holds already is no boot. */
function power(
  project: Project,
  server: ServerRecord,
  during: ServerStatus,
  after: ServerStatus,
): Partial<ServerRecord> {
  if (project.status(server) === after) return {};
  return { power: { before: during, after, at: project.now + project.actionMs } };
}

function changeType(
  project: Project,
  server: ServerRecord,
  input: { server_type: string | number; upgrade_disk: boolean },
): Partial<ServerRecord> {
  requireOff(project, server);
  const type = project.find(SERVER_TYPES, 'server_type', input.server_type);
  const current = SERVER_TYPES.find((candidate) => candidate.name === server.serverType);
  if (type.name === server.serverType) throw invalidInput('server_type', `the server is of type ${type.name} already`);
  if (type.architecture !== current?.architecture)
    throw new ApiError(422, 'invalid_server_type', 'the architecture of the server type is another one');
  if (!stillSold(type, project.now))
    throw invalidInput('server_type', `server type '${type.name}' can no longer be ordered`);
  if (!type.sold.includes(server.location))
    throw new ApiError(422, 'invalid_server_type', `server type ${type.name} is not sold in ${server.location}`);
  if (type.disk < server.disk)
    throw new ApiError(
      422,
      'invalid_server_type',
      `the server's disk of ${server.disk} GB does not fit the server type's ${type.disk} GB`,
    );
  return { serverType: type.name, ...(input.upgrade_disk ? { disk: type.disk } : {}) };
}

function addToGroup(project: Project, server: ServerRecord, id: number): Partial<ServerRecord> {
  requireOff(project, server);
  const group = project.get(project.placementGroups, 'placement group', id);
  if (server.placementGroup !== null)
    throw new ApiError(422, 'already_in_placement_group', 'the server is already in a placement group');
  if (project.serversOfGroup(group.id).length >= LIMITS.serversPerPlacementGroup)
    throw new ApiError(
      412,
      'placement_error',
      `a spread placement group holds at most ${LIMITS.serversPerPlacementGroup} servers`,
    );
  return { placementGroup: group.id };
}

function removeServer(project: Project, server: ServerRecord): void {
  for (const id of [server.ipv4, server.ipv6]) {
    const ip = id === null ? undefined : project.primaryIps.get(String(id));
    if (ip === undefined) continue;
    unassign(project, ip);
    if (ip.autoDelete) project.primaryIps.delete(String(ip.id));
  }
  for (const firewall of project.firewalls.all()) {
    const appliedTo = firewall.appliedTo.filter((target) => target.type !== 'server' || target.server.id !== server.id);
    if (appliedTo.length !== firewall.appliedTo.length)
      project.firewalls.put(String(firewall.id), { ...firewall, appliedTo });
  }
  project.servers.delete(String(server.id));
  project.boots.delete(String(server.id));
}

type Effect<T> = (project: Project, server: ServerRecord, input: T) => Partial<ServerRecord>;

/** POST /servers/{id}/actions/…: refused while another action runs; an action that ends in error changes nothing. */
function actionRoutes(routes: Hono<Env>): void {
  const add = <T extends z.ZodType>(
    name: string,
    command: string,
    schema: T,
    effect: Effect<z.infer<T>>,
    related?: (input: z.infer<T>) => { id: number; type: string }[],
  ) => {
    routes.post(`/:id/actions/${name}`, async (context) => {
      const { project } = context.var;
      const server = one(project, pathId(context, 'server'));
      const input = await body(context, schema);
      project.checkUnlocked(server);
      const changed = effect(project, server, input);
      const action: ActionRecord = project.start(
        command,
        [{ id: server.id, type: 'server' }, ...(related?.(input) ?? [])],
        [server.name],
      );
      project.servers.put(String(server.id), {
        ...server,
        ...(action.error === null ? changed : {}),
        busyUntil: action.finishes,
      });
      return context.json({ action: actionView(project, action) }, 201);
    });
  };
  const network = (input: { network: number }) => [{ id: input.network, type: 'network' }];
  add('poweron', 'start_server', NOTHING, (project, server) => power(project, server, 'starting', 'running'));
  add('poweroff', 'stop_server', NOTHING, (project, server) => power(project, server, 'stopping', 'off'));
  add('shutdown', 'shutdown_server', NOTHING, (project, server) => power(project, server, 'stopping', 'off'));
  for (const name of ['reboot', 'reset']) {
    add(name, `${name}_server`, NOTHING, (project) => ({
      power: { before: 'starting', after: 'running', at: project.now + project.actionMs },
    }));
  }
  add(
    'attach_to_network',
    'attach_to_network',
    z.object({
      network: ID,
      ip: z.string().nullish(),
      alias_ips: z.array(z.string()).nullish(),
      ip_range: z.string().nullish(),
    }),
    (project, server, input) => ({
      privateNet: [
        ...server.privateNet,
        planAttach(project, server, {
          network: input.network,
          ip: input.ip,
          aliasIps: input.alias_ips,
          ipRange: input.ip_range,
        }),
      ],
    }),
    network,
  );
  add(
    'detach_from_network',
    'detach_from_network',
    z.object({ network: ID }),
    (_, server, input) => ({ privateNet: planDetach(server, input.network) }),
    network,
  );
  add(
    'change_alias_ips',
    'change_alias_ips',
    z.object({ network: ID, alias_ips: z.array(z.string()) }),
    (project, server, input) => ({ privateNet: planAliases(project, server, input.network, input.alias_ips) }),
    network,
  );
  add(
    'change_type',
    'change_server_type',
    z.object({ server_type: z.union([z.string(), z.number()]), upgrade_disk: z.boolean() }),
    changeType,
  );
  add(
    'change_protection',
    'change_protection',
    z.object({ delete: z.boolean().nullish(), rebuild: z.boolean().nullish() }),
    (_, server, input) => {
      const next = {
        deleteProtection: input.delete ?? server.deleteProtection,
        rebuildProtection: input.rebuild ?? server.rebuildProtection,
      };
      if (next.deleteProtection !== next.rebuildProtection)
        throw invalidInput('rebuild', 'must have the same value as delete');
      return next;
    },
  );
  add('enable_backup', 'enable_backup', NOTHING, () => ({ backupWindow: '22-02' }));
  add('disable_backup', 'disable_backup', NOTHING, () => ({ backupWindow: null }));
  add('add_to_placement_group', 'add_to_placement_group', z.object({ placement_group: ID }), (project, server, input) =>
    addToGroup(project, server, input.placement_group),
  );
  add('remove_from_placement_group', 'remove_from_placement_group', NOTHING, (project, server) => {
    if (server.placementGroup === null)
      throw new ApiError(422, 'not_in_placement_group', 'the server is in no placement group');
    requireOff(project, server);
    return { placementGroup: null };
  });
}

export function serverRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get('/', (context) => {
    const { project } = context.var;
    const states = context.req.queries('status');
    const servers = project.servers
      .all()
      .filter((server) => states === undefined || states.includes(project.status(server)));
    return listAnswer(context, 'servers', servers, (record) => serverView(project, record));
  });
  routes.post('/', async (context) => {
    const { project } = context.var;
    const input = await body(context, CREATE);
    const made = createServer(project, input);
    return context.json(
      {
        server: serverView(project, made.server),
        action: actionView(project, made.action),
        next_actions: made.nextActions.map((action) => actionView(project, action)),
        // As on the service: only servers without SSH keys get one. Nothing of the lab accepts it.
        root_password: (input.ssh_keys ?? []).length > 0 ? null : randomBytes(12).toString('base64url'),
      },
      201,
    );
  });
  routes.get('/:id', (context) =>
    context.json({ server: serverView(context.var.project, one(context.var.project, pathId(context, 'server'))) }),
  );
  routes.put('/:id', async (context) => {
    const { project } = context.var;
    const record = one(project, pathId(context, 'server'));
    const input = await body(context, z.object({ name: SERVER_NAME.nullish(), labels: LABELS }));
    return context.json({ server: serverView(project, project.rename(project.servers, 'server', record, input)) });
  });
  routes.delete('/:id', (context) => {
    const { project } = context.var;
    const server = one(project, pathId(context, 'server'));
    if (server.deleteProtection) throw isProtected('server');
    project.checkUnlocked(server);
    const action = project.start('delete_server', [{ id: server.id, type: 'server' }], [server.name]);
    if (action.error === null) removeServer(project, server);
    return context.json({ action: actionView(project, action) }, 200);
  });
  actionRoutes(routes);
  return routes;
}
