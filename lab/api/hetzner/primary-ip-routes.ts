import { Hono } from 'hono';
import { z } from 'zod';
import { LOCATIONS } from './catalog.ts';
import { ApiError, invalidInput, isProtected, limitExceeded } from './errors.ts';
import { checkLabels } from './labels.ts';
import { LIMITS, type Project } from './project.ts';
import type { PrimaryIpRecord, ServerRecord } from './records.ts';
import { ID, LABELS, NAME, body, listAnswer, pathId, type Env } from './request.ts';
import { actionView, primaryIpView } from './views.ts';

export function newPrimaryIp(
  project: Project,
  input: {
    name?: string;
    type: 'ipv4' | 'ipv6';
    location: string;
    labels?: Record<string, string>;
    autoDelete: boolean;
  },
): PrimaryIpRecord {
  if (project.primaryIps.all().length >= LIMITS.primaryIps) throw limitExceeded('primary_ip', LIMITS.primaryIps);
  const id = project.nextId();
  const record: PrimaryIpRecord = {
    id,
    name: input.name ?? `primary_ip-${id}`,
    type: input.type,
    labels: input.labels ?? {},
    created: project.now,
    ip: project.allocateAddress(input.type),
    location: input.location,
    autoDelete: input.autoDelete,
    assignee: null,
    deleteProtection: false,
  };
  project.primaryIps.put(String(id), record);
  return record;
}

/** Refuses what the service refuses when an address is to become a server's. */
export function checkAssignable(
  project: Project,
  ip: PrimaryIpRecord,
  server: { location: string; ipv4: number | null; ipv6: number | null },
): void {
  if (ip.assignee !== null)
    throw new ApiError(409, 'primary_ip_assigned', `primary IP with ID '${ip.id}' is already assigned`);
  if (ip.location !== server.location)
    throw new ApiError(
      422,
      'primary_ip_location_mismatch',
      `primary IP with ID '${ip.id}' is in ${ip.location}, the server in ${server.location}`,
    );
  if (server[ip.type] !== null)
    throw new ApiError(409, `server_has_${ip.type}`, `the server already has an ${ip.type} address`);
}

export function assign(project: Project, ip: PrimaryIpRecord, server: ServerRecord): void {
  project.primaryIps.put(String(ip.id), { ...ip, assignee: server.id });
  project.servers.put(String(server.id), { ...server, [ip.type]: ip.id });
}

export function unassign(project: Project, ip: PrimaryIpRecord): void {
  const server = project.servers.get(String(ip.assignee));
  if (server !== undefined) project.servers.put(String(server.id), { ...server, [ip.type]: null });
  project.primaryIps.put(String(ip.id), { ...ip, assignee: null });
}

function stoppedServer(project: Project, id: number): ServerRecord {
  const server = project.get(project.servers, 'server', id);
  project.checkUnlocked(server);
  if (project.status(server) !== 'off')
    throw new ApiError(422, 'server_not_stopped', `server with ID '${id}' must be powered off`);
  return server;
}

export function primaryIpRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  const one = (project: Project, id: number) => project.get(project.primaryIps, 'primary IP', id);
  routes.get('/', (context) => {
    const { project } = context.var;
    const ip = context.req.query('ip');
    return listAnswer(
      context,
      'primary_ips',
      project.primaryIps.all().filter((record) => ip === undefined || record.ip === ip),
      primaryIpView,
    );
  });
  routes.post('/', async (context) => {
    const { project } = context.var;
    const input = await body(
      context,
      z.object({
        name: NAME,
        type: z.enum(['ipv4', 'ipv6']),
        location: z.string().nullish(),
        assignee_id: ID.nullish(),
        assignee_type: z.literal('server').nullish(),
        labels: LABELS,
        auto_delete: z.boolean().nullish(),
      }),
    );
    project.checkName(project.primaryIps, 'primary IP', input.name);
    const labels = checkLabels(input.labels ?? {});
    const common = { name: input.name, type: input.type, labels, autoDelete: input.auto_delete ?? false };
    if (typeof input.assignee_id === 'number') {
      if (typeof input.location === 'string')
        throw invalidInput('location', 'must not be given together with assignee_id');
      const server = stoppedServer(project, input.assignee_id);
      if (server[input.type] !== null)
        throw new ApiError(409, `server_has_${input.type}`, `the server already has an ${input.type} address`);
      const record = newPrimaryIp(project, { ...common, location: server.location });
      const action = project.start(
        'assign_primary_ip',
        [
          { id: record.id, type: 'primary_ip' },
          { id: server.id, type: 'server' },
        ],
        [record.name, server.name],
      );
      if (action.error === null) assign(project, record, server);
      return context.json(
        { primary_ip: primaryIpView(one(project, record.id)), action: actionView(project, action) },
        201,
      );
    }
    if (!LOCATIONS.some((location) => location.name === input.location))
      throw invalidInput('location', `'${input.location ?? ''}' does not exist`);
    const record = newPrimaryIp(project, { ...common, location: input.location ?? '' });
    return context.json({ primary_ip: primaryIpView(record), action: null }, 201);
  });
  routes.get('/:id', (context) =>
    context.json({ primary_ip: primaryIpView(one(context.var.project, pathId(context, 'primary IP'))) }),
  );
  routes.put('/:id', async (context) => {
    const { project } = context.var;
    const record = one(project, pathId(context, 'primary IP'));
    const input = await body(
      context,
      z.object({ name: NAME.nullish(), labels: LABELS, auto_delete: z.boolean().nullish() }),
    );
    return context.json({
      primary_ip: primaryIpView(
        project.rename(
          project.primaryIps,
          'primary IP',
          { ...record, autoDelete: input.auto_delete ?? record.autoDelete },
          input,
        ),
      ),
    });
  });
  routes.delete('/:id', (context) => {
    const { project } = context.var;
    const record = one(project, pathId(context, 'primary IP'));
    if (record.deleteProtection) throw isProtected('primary IP');
    if (record.assignee !== null)
      throw new ApiError(
        422,
        'must_be_unassigned',
        `primary IP with ID '${record.id}' must be unassigned to be deleted`,
      );
    project.primaryIps.delete(String(record.id));
    return context.body(null, 204);
  });
  routes.post('/:id/actions/assign', async (context) => {
    const { project } = context.var;
    const record = one(project, pathId(context, 'primary IP'));
    const input = await body(context, z.object({ assignee_id: ID, assignee_type: z.literal('server') }));
    const server = stoppedServer(project, input.assignee_id);
    checkAssignable(project, record, server);
    const action = project.start(
      'assign_primary_ip',
      [
        { id: record.id, type: 'primary_ip' },
        { id: server.id, type: 'server' },
      ],
      [record.name, server.name],
    );
    if (action.error === null) assign(project, record, { ...server, busyUntil: action.finishes });
    return context.json({ action: actionView(project, action) }, 201);
  });
  routes.post('/:id/actions/unassign', (context) => {
    const { project } = context.var;
    const record = one(project, pathId(context, 'primary IP'));
    if (record.assignee === null)
      throw new ApiError(422, 'primary_ip_not_assigned', `primary IP with ID '${record.id}' is not assigned`);
    const server = stoppedServer(project, record.assignee);
    const action = project.start(
      'unassign_primary_ip',
      [
        { id: record.id, type: 'primary_ip' },
        { id: server.id, type: 'server' },
      ],
      [record.name, server.name],
    );
    if (action.error === null) {
      project.servers.put(String(server.id), { ...server, busyUntil: action.finishes });
      unassign(project, record);
    }
    return context.json({ action: actionView(project, action) }, 201);
  });
  routes.post('/:id/actions/change_protection', async (context) => {
    const { project } = context.var;
    const record = one(project, pathId(context, 'primary IP'));
    const input = await body(context, z.object({ delete: z.boolean() }));
    const action = project.start('change_protection', [{ id: record.id, type: 'primary_ip' }], [record.name]);
    if (action.error === null) project.primaryIps.put(String(record.id), { ...record, deleteProtection: input.delete });
    return context.json({ action: actionView(project, action) }, 201);
  });
  return routes;
}
