import { z } from 'zod';
import { UserError, type Inputs, type ResourceHandler, type Value } from '../../../io/rpc/types.ts';
import { setOrder, type ResourceSpec } from '../properties.ts';
import { defineResource, flag, list, shown, text, texts } from '../resource.ts';
import { all, length, notEmpty, oneOf } from './checks.ts';
import { explained, type DigitalOceanClient, type Run } from './client.ts';
import { TIMEOUT } from './rhythm.ts';
import { retryWhile } from './wait.ts';

const PROJECT = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string().nullish(),
  purpose: z.string().nullish(),
  environment: z.string().nullish(),
  is_default: z.boolean().nullish(),
  owner_uuid: z.string().nullish(),
  owner_id: z.number().nullish(),
  created_at: z.string().nullish(),
  updated_at: z.string().nullish(),
});
const ANSWER = z.object({ project: PROJECT });
const RESOURCES = z.object({ resources: z.array(z.object({ urn: z.string() })).nullish() });

async function find({ client, signal }: Run, id: string): Promise<z.infer<typeof PROJECT> | undefined> {
  return (await client.find(signal, `/v2/projects/${id}`, ANSWER))?.project;
}

async function urnsOf({ client, signal }: Run, id: string): Promise<string[]> {
  const pages = await explained('Error loading project resources', () =>
    client.list(signal, `/v2/projects/${id}/resources`, RESOURCES),
  );
  return pages.flatMap((page) => (page.resources ?? []).map((resource) => resource.urn));
}

async function assign({ client, signal }: Run, id: string, urns: Value[]): Promise<void> {
  const resources = texts(setOrder(urns)).filter((urn) => urn !== '');
  await explained('Error assigning resources', () =>
    client.call(signal, 'POST', `/v2/projects/${id}/resources`, RESOURCES, { resources }),
  );
}

/** Nothing can be in no project: what leaves one goes to the default one. */
async function giveBack(run: Run, urns: Value[]): Promise<void> {
  const { client, signal } = run;
  const { project } = await explained('Error locating default project', () =>
    client.call(signal, 'GET', '/v2/projects/default', ANSWER),
  );
  await assign(run, project.id, urns);
}

async function move(run: Run, id: string, before: Value, after: Value): Promise<void> {
  const without = (some: Value, others: Value) => list(some).filter((urn) => !list(others).includes(urn));
  const [less, more] = [without(before, after), without(after, before)];
  if (less.length > 0) await explained('Error assigning resources to default project', () => giveBack(run, less));
  if (more.length > 0) await explained(`Error assigning resources to project ${id}`, () => assign(run, id, more));
}

export const PROJECT_SPEC: ResourceSpec = {
  framework: false,
  named: true,
  properties: {
    name: { type: 'string', refuse: all(notEmpty, length(1, 175)) },
    description: { type: 'string', default: '', refuse: length(0, 255) },
    purpose: { type: 'string', default: 'Web Application', refuse: length(0, 255) },
    environment: {
      type: 'string',
      refuse: oneOf(['development', 'staging', 'production'], true),
      equal: (state, program) => shown(state ?? '').toLowerCase() === shown(program ?? '').toLowerCase(),
    },
    isDefault: { type: 'boolean', default: false },
    resources: { type: 'list', set: true, computed: true },
  },
  outputs: ['createdAt', 'ownerId', 'ownerUuid', 'updatedAt'],
};

const optional = (value: Value): string => (typeof value === 'string' ? value : '');

async function create(run: Run, news: Inputs): Promise<{ id: string }> {
  const { client, signal } = run;
  const [description, environment] = [optional(news.description), optional(news.environment)];
  const { project } = await explained('Error creating Project', () =>
    client.call(signal, 'POST', '/v2/projects', ANSWER, {
      name: text(news, 'name'),
      description,
      purpose: optional(news.purpose),
      environment,
    }),
  );
  if (list(news.resources).length > 0) {
    try {
      await explained('Error creating Project', () => assign(run, project.id, list(news.resources)));
    } catch (error) {
      if (error instanceof UserError) await client.call(signal, 'DELETE', `/v2/projects/${project.id}`, z.unknown());
      throw error;
    }
  }
  if (flag(news.isDefault)) {
    const { name, purpose } = project;
    await explained('Error setting project as default', () =>
      client.call(signal, 'PATCH', `/v2/projects/${project.id}`, ANSWER, {
        name,
        description: project.description ?? '',
        purpose,
        environment: project.environment ?? '',
        is_default: true,
      }),
    );
  }
  // The id is recorded last: what fails before leaves a project that no state knows.
  return { id: project.id };
}

/** digitalocean:index/project:Project */
export const project: ResourceHandler<DigitalOceanClient> = defineResource(PROJECT_SPEC, {
  create,
  read: (run, id) =>
    explained('Error reading Project', async () => {
      const found = await find(run, id);
      if (found === undefined) return undefined;
      return {
        name: found.name,
        purpose: (found.purpose ?? '').replace(/^Other: /, ''),
        description: found.description ?? '',
        environment: found.environment ?? '',
        isDefault: found.is_default ?? false,
        ownerUuid: found.owner_uuid ?? '',
        ownerId: found.owner_id ?? 0,
        createdAt: found.created_at ?? '',
        updatedAt: found.updated_at ?? '',
        resources: await urnsOf(run, id),
      };
    }),
  update: async (run, id, olds, news, changed) => {
    await explained('Error updating Project', () =>
      run.client.call(run.signal, 'PATCH', `/v2/projects/${id}`, ANSWER, {
        name: text(news, 'name'),
        description: optional(news.description),
        purpose: optional(news.purpose),
        environment: optional(news.environment),
        is_default: flag(news.isDefault),
      }),
    );
    if (changed.has('resources')) await move(run, id, olds.resources, news.resources);
    return undefined;
  },
  delete: async (run, id, olds) => {
    if (list(olds.resources).length > 0)
      await explained('Error assigning resource to default project', () => giveBack(run, list(olds.resources)));
    await explained(`Error deleting project (${id})`, () =>
      retryWhile(
        run,
        TIMEOUT.projectDelete,
        ({ status, words }) => status === 412 && words.toLowerCase().includes('cannot delete a project with resources'),
        () => run.client.call(run.signal, 'DELETE', `/v2/projects/${id}`, z.unknown()),
      ),
    );
  },
});

export const PROJECT_RESOURCES_SPEC: ResourceSpec = {
  framework: false,
  named: false,
  properties: {
    project: { type: 'string', required: true, replace: true, refuse: notEmpty },
    resources: { type: 'list', required: true, set: true },
  },
  outputs: [],
};

/** digitalocean:index/projectResources:ProjectResources; its id is the project's. */
export const projectResources: ResourceHandler<DigitalOceanClient> = defineResource(PROJECT_RESOURCES_SPEC, {
  create: async (run, news) => {
    const id = text(news, 'project');
    if ((await find(run, id)) === undefined)
      throw new UserError(`expected non-nil error with nil state during Create: project ${id} does not exist`);
    await move(run, id, [], news.resources);
    return { id };
  },
  // The plugin has no importer for it.
  adopt: () => Promise.resolve(undefined),
  // Only what the program named is looked for: the rest of the project is somebody else's.
  read: async (run, id, state) => {
    // There is no importer: an id alone finds nothing.
    if (state.project === undefined || (await find(run, id)) === undefined) return undefined;
    const there = await explained('Error while retrieving project resources', () => urnsOf(run, id));
    return { project: id, resources: list(state.resources).filter((urn) => there.includes(shown(urn))) };
  },
  update: async (run, id, olds, news, changed) => {
    if ((await find(run, id)) === undefined) return undefined;
    if (changed.has('resources')) await move(run, id, olds.resources, news.resources);
    return undefined;
  },
  delete: async (run, id, olds) => {
    if ((await find(run, id)) === undefined || list(olds.resources).length === 0) return;
    await explained('Error assigning resources to default project', () => giveBack(run, list(olds.resources)));
  },
});
