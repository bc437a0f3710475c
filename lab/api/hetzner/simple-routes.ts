import { Hono } from 'hono';
import { z } from 'zod';
import { md5Fingerprint } from '../ssh-key.ts';
import { IMAGES, LOCATIONS, SERVER_TYPES } from './catalog.ts';
import { imageView, serverTypeView } from './catalog-views.ts';
import { ApiError, invalidInput, notFound, notUnique } from './errors.ts';
import { checkLabels } from './labels.ts';
import { LABELS, NAME, body, listAnswer, pathId, type Env } from './request.ts';
import { actionView, placementGroupView, sshKeyView } from './views.ts';

export const RENAME = z.object({ name: NAME.nullish(), labels: LABELS });

export function sshKeyRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get('/', (context) => listAnswer(context, 'ssh_keys', context.var.project.sshKeys.all(), sshKeyView));
  routes.post('/', async (context) => {
    const { project } = context.var;
    const input = await body(context, z.object({ name: NAME, public_key: z.string(), labels: LABELS }));
    const fingerprint = md5Fingerprint(input.public_key);
    if (fingerprint === undefined) throw invalidInput('public_key', 'is not a valid OpenSSH public key');
    project.checkName(project.sshKeys, 'SSH key', input.name);
    if (project.sshKeys.all().some((other) => other.fingerprint === fingerprint))
      throw notUnique('public_key', 'SSH key with the same fingerprint already exists');
    const record = {
      id: project.nextId(),
      name: input.name,
      labels: checkLabels(input.labels ?? {}),
      created: project.now,
      publicKey: input.public_key,
      fingerprint,
    };
    project.sshKeys.put(String(record.id), record);
    return context.json({ ssh_key: sshKeyView(record) }, 201);
  });
  routes.get('/:id', (context) =>
    context.json({
      ssh_key: sshKeyView(context.var.project.get(context.var.project.sshKeys, 'SSH key', pathId(context, 'SSH key'))),
    }),
  );
  routes.put('/:id', async (context) => {
    const { project } = context.var;
    const record = project.get(project.sshKeys, 'SSH key', pathId(context, 'SSH key'));
    return context.json({
      ssh_key: sshKeyView(project.rename(project.sshKeys, 'SSH key', record, await body(context, RENAME))),
    });
  });
  routes.delete('/:id', (context) => {
    const { project } = context.var;
    project.sshKeys.delete(String(project.get(project.sshKeys, 'SSH key', pathId(context, 'SSH key')).id));
    return context.body(null, 204);
  });
  return routes;
}

export function placementGroupRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get('/', (context) =>
    listAnswer(context, 'placement_groups', context.var.project.placementGroups.all(), (record) =>
      placementGroupView(context.var.project, record),
    ),
  );
  routes.post('/', async (context) => {
    const { project } = context.var;
    const input = await body(context, z.object({ name: NAME, type: z.literal('spread'), labels: LABELS }));
    project.checkName(project.placementGroups, 'placement group', input.name);
    const record = {
      id: project.nextId(),
      name: input.name,
      labels: checkLabels(input.labels ?? {}),
      created: project.now,
      type: input.type,
    };
    project.placementGroups.put(String(record.id), record);
    return context.json({ placement_group: placementGroupView(project, record), action: null }, 201);
  });
  routes.get('/:id', (context) => {
    const { project } = context.var;
    return context.json({
      placement_group: placementGroupView(
        project,
        project.get(project.placementGroups, 'placement group', pathId(context, 'placement group')),
      ),
    });
  });
  routes.put('/:id', async (context) => {
    const { project } = context.var;
    const record = project.get(project.placementGroups, 'placement group', pathId(context, 'placement group'));
    return context.json({
      placement_group: placementGroupView(
        project,
        project.rename(project.placementGroups, 'placement group', record, await body(context, RENAME)),
      ),
    });
  });
  routes.delete('/:id', (context) => {
    const { project } = context.var;
    const record = project.get(project.placementGroups, 'placement group', pathId(context, 'placement group'));
    if (project.serversOfGroup(record.id).length > 0)
      throw new ApiError(409, 'resource_in_use', 'placement group still has servers');
    project.placementGroups.delete(String(record.id));
    return context.body(null, 204);
  });
  return routes;
}

/** Actions are polled as `GET /actions?id=1&id=2`; the service no longer lists all actions of a project. */
export function actionRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get('/', (context) => {
    const { project } = context.var;
    const ids = context.req.queries('id') ?? [];
    if (ids.length === 0) throw invalidInput('id', 'at least one action id is needed');
    const actions = ids.flatMap((id) => project.actions.get(id) ?? []);
    const meta = {
      pagination: {
        page: 1,
        per_page: 25,
        previous_page: null,
        next_page: null,
        last_page: 1,
        total_entries: actions.length,
      },
    };
    return context.json({ actions: actions.map((action) => actionView(project, action)), meta });
  });
  routes.get('/:id', (context) => {
    const { project } = context.var;
    return context.json({
      action: actionView(project, project.get(project.actions, 'action', pathId(context, 'action'))),
    });
  });
  return routes;
}

interface CatalogEntry {
  id: number;
  name: string;
}

function catalogRoutes<T extends CatalogEntry>(
  singular: string,
  plural: string,
  entries: readonly T[],
  view: (entry: T) => object,
): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get('/', (context) => listAnswer(context, plural, [...entries], view));
  routes.get('/:id', (context) => {
    const id = pathId(context, singular);
    const entry = entries.find((candidate) => candidate.id === id);
    if (entry === undefined) throw notFound(singular, id);
    return context.json({ [singular]: view(entry) });
  });
  return routes;
}

export const locationRoutes = () => catalogRoutes('location', 'locations', LOCATIONS, (location) => location);
export const serverTypeRoutes = () => catalogRoutes('server_type', 'server_types', SERVER_TYPES, serverTypeView);

export function imageRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get('/', (context) => {
    const architecture = context.req.query('architecture');
    const deprecated = context.req.query('include_deprecated') === 'true';
    const found = IMAGES.filter(
      (image) =>
        (architecture === undefined || image.architecture === architecture) &&
        (deprecated || image.deprecated === null),
    );
    return listAnswer(context, 'images', found, imageView);
  });
  routes.route('/', catalogRoutes('image', 'images', IMAGES, imageView));
  return routes;
}
