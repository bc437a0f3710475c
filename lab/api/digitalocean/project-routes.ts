import { randomUUID } from 'node:crypto';
import { Hono, type Context } from 'hono';
import { z } from 'zod';
import type { Account } from './account.ts';
import { conflict, preconditionFailed, unprocessable } from './errors.ts';
import type { ProjectRecord } from './records.ts';
import { body, listAnswer, pathText, type Env } from './request.ts';
import { projectView, time } from './views.ts';

const TEXT = z.string().max(255, 'may be at most 255 characters');
const NAME = z.string().min(1, "can't be blank").max(175, 'may be at most 175 characters');
const PROJECT = z.object({
  name: NAME,
  description: TEXT.nullish(),
  purpose: TEXT.min(1, "can't be blank"),
  environment: z.string().nullish(),
});
const CHANGE = PROJECT.extend({ is_default: z.boolean().nullish() }).partial();

/** Any other purpose is stored behind `Other: `. */
const PURPOSES = [
  'Just trying out DigitalOcean',
  'Class project / Educational purposes',
  'Website or blog',
  'Web Application',
  'Service or API',
  'Mobile Application',
  'Machine learning / AI / Data processing',
  'IoT',
  'Operational / Developer tooling',
];

function purposeOf(text: string): string {
  return PURPOSES.includes(text) || text.startsWith('Other: ') ? text : `Other: ${text}`;
}

function environmentOf(text: string | null | undefined): string {
  if (text === undefined || text === null || text === '') return '';
  const known = ['Development', 'Staging', 'Production'].find((name) => name.toLowerCase() === text.toLowerCase());
  if (known === undefined) throw unprocessable(`environment: ${text} is not one of development, staging, production`);
  return known;
}

function checkName(account: Account, name: string, self?: string): void {
  const taken = account.projects.all().some((project) => project.name === name && project.id !== self);
  if (taken || (self === undefined && account.faults.hits('name-taken', name)))
    throw conflict('name is already in use');
}

/** URNs of what is in a project. Reserved IPs go under their old name, whatever they were put in as. */
function urnsOf(account: Account, project: string): string[] {
  return [
    ...account.droplets
      .all()
      .filter((droplet) => droplet.project === project)
      .map((droplet) => `do:droplet:${droplet.id}`),
    ...account.reservedIps
      .all()
      .filter((record) => record.project === project)
      .map((record) => `do:floatingip:${record.ip}`),
  ];
}

const MOVABLE = [
  'droplet',
  'floatingip',
  'reservedip',
  'domain',
  'volume',
  'loadbalancer',
  'kubernetes',
  'dbaas',
  'space',
  'app',
];

/** Moves one resource; its status as the service answers it. What is gone is no error: clients move URNs of old droplets. */
function move(account: Account, urn: string, project: string, urns: readonly string[]): 'assigned' | 'not_found' {
  const [scheme, kind = '', id = ''] = urn.split(':');
  if (scheme !== 'do' || id === '') throw unprocessable(`${urn} is not a valid URN`);
  if (!MOVABLE.includes(kind)) throw unprocessable(`resources of type ${kind} cannot be assigned to a project`);
  if (kind === 'droplet') {
    const droplet = account.droplets.get(id);
    if (droplet === undefined) return 'not_found';
    account.droplets.put(id, { ...droplet, project });
    const reserved = account.reservedIpOf(droplet.id);
    if (reserved !== undefined) account.reservedIps.put(reserved.ip, { ...reserved, project });
    return 'assigned';
  }
  const record = kind === 'floatingip' || kind === 'reservedip' ? account.reservedIps.get(id) : undefined;
  if (record === undefined) return 'not_found';
  const moves = record.droplet !== null && !urns.includes(`do:droplet:${record.droplet}`);
  if (moves && record.project !== project)
    throw preconditionFailed('Cannot move a Reserved IP with an associated Droplet. Move the Droplet instead');
  account.reservedIps.put(record.ip, { ...record, project });
  return 'assigned';
}

function change(account: Account, project: ProjectRecord, input: z.infer<typeof CHANGE>): ProjectRecord {
  const name = input.name ?? project.name;
  checkName(account, name, project.id);
  const becomesDefault = input.is_default === true && !project.default;
  for (const other of account.projects.all()) {
    if (becomesDefault && other.default) account.projects.put(other.id, { ...other, default: false });
  }
  const next = {
    ...project,
    name,
    description: input.description ?? project.description,
    purpose: input.purpose === undefined ? project.purpose : purposeOf(input.purpose),
    environment: input.environment === undefined ? project.environment : environmentOf(input.environment),
    // The default cannot be unset, only taken over by another project.
    default: project.default || becomesDefault,
    updated: account.now,
  };
  account.projects.put(project.id, next);
  return next;
}

export function projectRoutes(): Hono<Env> {
  const routes = new Hono<Env>();
  const one = (context: Context<Env>): ProjectRecord => {
    const { account } = context.var;
    const id = pathText(context);
    return id === 'default' ? account.defaultProject : account.get(account.projects, id);
  };
  routes.get('/', (context) => {
    const { account } = context.var;
    return listAnswer(context, 'projects', account.projects.all(), (project) => projectView(account, project));
  });
  routes.post('/', async (context) => {
    const { account } = context.var;
    const input = await body(context, PROJECT);
    checkName(account, input.name);
    const record: ProjectRecord = {
      id: randomUUID(),
      name: input.name,
      description: input.description ?? '',
      purpose: purposeOf(input.purpose),
      environment: environmentOf(input.environment),
      default: false,
      created: account.now,
      updated: account.now,
    };
    account.projects.put(record.id, record);
    return context.json({ project: projectView(account, record) }, 201);
  });
  routes.get('/:id', (context) => context.json({ project: projectView(context.var.account, one(context)) }));
  routes.patch('/:id', async (context) => {
    const { account } = context.var;
    const project = one(context);
    return context.json({ project: projectView(account, change(account, project, await body(context, CHANGE))) });
  });
  routes.put('/:id', async (context) => {
    const { account } = context.var;
    const project = one(context);
    const input = await body(context, PROJECT.extend({ is_default: z.boolean().nullish() }));
    return context.json({ project: projectView(account, change(account, project, input)) });
  });
  routes.delete('/:id', (context) => {
    const { account } = context.var;
    const project = one(context);
    if (project.default) throw preconditionFailed('cannot delete the default project');
    if (urnsOf(account, project.id).length > 0) throw preconditionFailed('cannot delete a project with resources');
    account.projects.delete(project.id);
    return context.body(null, 204);
  });
  const resource = (project: ProjectRecord, urn: string, status: string) => ({
    urn,
    assigned_at: time(project.updated),
    links: { self: `https://api.digitalocean.com/v2/${urn}` },
    status,
  });
  routes.get('/:id/resources', (context) => {
    const project = one(context);
    return listAnswer(context, 'resources', urnsOf(context.var.account, project.id), (urn) =>
      resource(project, urn, 'ok'),
    );
  });
  routes.post('/:id/resources', async (context) => {
    const { account } = context.var;
    const project = one(context);
    const { resources } = await body(context, z.object({ resources: z.array(z.string()) }));
    return context.json({
      resources: resources.map((urn) => resource(project, urn, move(account, urn, project.id, resources))),
    });
  });
  return routes;
}
