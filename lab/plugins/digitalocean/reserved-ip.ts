import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { UserError, type ResourceHandler } from '../../../io/rpc/types.ts';
import type { ResourceSpec } from '../properties.ts';
import { defineResource, number, text } from '../resource.ts';
import { ipv4, notEmpty, sameSlug, slug } from './checks.ts';
import { ApiFailure, explained, type DigitalOceanClient, type Run } from './client.ts';
import { ACTION_ANSWER } from './droplet-wait.ts';
import { RHYTHM, TIMEOUT } from './rhythm.ts';
import { waitFor } from './wait.ts';

const REGION = z.object({ slug: z.string() });
const RESERVED = z.object({
  ip: z.string(),
  region: REGION,
  droplet: z.object({ id: z.number(), region: REGION }).nullish(),
});
type Reserved = z.infer<typeof RESERVED>;
const ANSWER = z.object({ reserved_ip: RESERVED });
const path = (ip: string) => `/v2/reserved_ips/${ip}`;

async function find({ client, signal }: Run, ip: string): Promise<Reserved | undefined> {
  return (await client.find(signal, path(ip), ANSWER))?.reserved_ip;
}

async function existing({ client, signal }: Run, ip: string): Promise<Reserved> {
  return explained(
    'Error retrieving reserved IP',
    async () => (await client.call(signal, 'GET', path(ip), ANSWER)).reserved_ip,
  );
}

/** Events of the droplet end first: the service refuses an address in between. */
async function waitOnDroplet(run: Run, droplet: number): Promise<void> {
  const ACTIONS = z.object({ actions: z.array(z.object({ status: z.string() })).nullish() });
  await explained(`Error waiting for droplet (${droplet}) to be ready for reserved IP assign`, () =>
    waitFor(run, {
      rhythm: RHYTHM.events,
      pending: ['waiting'],
      target: 'ready',
      timeout: TIMEOUT.events,
      look: async () => {
        const answer = await explained(`Error retrieving droplet (${droplet}) actions`, () =>
          run.client.call(run.signal, 'GET', `/v2/droplets/${droplet}/actions?per_page=50`, ACTIONS),
        );
        const busy = (answer.actions ?? []).some(({ status }) => status !== 'completed' && status !== 'errored');
        return { state: busy ? 'waiting' : 'ready', value: undefined };
      },
    }),
  );
}

/** Watches an action of an address; one that cannot be found counts as done when the address is where it should be. */
async function waitForAction(run: Run, ip: string, action: number, droplet: number | undefined): Promise<void> {
  await waitFor(run, {
    rhythm: RHYTHM.action,
    pending: ['new', 'in-progress'],
    target: 'completed',
    timeout: TIMEOUT.action,
    look: async () => {
      const answer = await run.client.find(run.signal, `${path(ip)}/actions/${action}`, ACTION_ANSWER);
      if (answer !== undefined) return { state: answer.action.status, value: undefined };
      const holder = (await find(run, ip))?.droplet?.id;
      return holder === droplet ? { state: 'completed', value: undefined } : undefined;
    },
  });
}

async function assign(run: Run, ip: string, droplet: number): Promise<void> {
  await waitOnDroplet(run, droplet);
  const { action } = await explained(`Error Assigning reserved IP (${ip}) to the droplet`, () =>
    run.client.call(run.signal, 'POST', `${path(ip)}/actions`, ACTION_ANSWER, { droplet_id: droplet, type: 'assign' }),
  );
  await explained(`Error waiting for reserved IP (${ip}) to be Assigned`, () =>
    waitForAction(run, ip, action.id, droplet),
  );
}

async function unassign(run: Run, ip: string): Promise<void> {
  const { action } = await explained(`Error unassigning reserved IP (${ip}) from the droplet`, () =>
    run.client.call(run.signal, 'POST', `${path(ip)}/actions`, ACTION_ANSWER, { type: 'unassign' }),
  );
  await explained(`Error waiting for reserved IP (${ip}) to be unassigned`, () =>
    waitForAction(run, ip, action.id, undefined),
  );
}

export const RESERVED_IP_SPEC: ResourceSpec = {
  framework: false,
  named: false,
  properties: {
    region: { type: 'string', required: true, replace: true, equal: sameSlug },
    // Never sent: the service chooses.
    ipAddress: { type: 'string', computed: true, refuse: ipv4 },
    dropletId: { type: 'number' },
  },
  outputs: ['reservedIpUrn'],
};

/** digitalocean:index/reservedIp:ReservedIp */
export const reservedIp: ResourceHandler<DigitalOceanClient> = defineResource(RESERVED_IP_SPEC, {
  create: async (run, news, made) => {
    const answer = await explained('Error creating reserved IP', () =>
      run.client.call(run.signal, 'POST', '/v2/reserved_ips', ANSWER, { region: slug(news.region) ?? '' }),
    );
    const { ip } = answer.reserved_ip;
    made(ip);
    if (Number(news.dropletId ?? 0) !== 0) await assign(run, ip, number(news, 'dropletId'));
    return { id: ip };
  },
  adopt: async (run, id) => {
    const found = await find(run, id);
    return { id, state: found?.droplet ? { dropletId: found.droplet.id } : {} };
  },
  // Whose it is counts only where the program said so.
  read: (run, id, state) =>
    explained('Error retrieving reserved IP', async () => {
      const found = await find(run, id);
      if (found === undefined) return undefined;
      const ours = Number(state.dropletId ?? 0) !== 0 ? (found.droplet ?? undefined) : undefined;
      return {
        region: (ours ?? found).region.slug,
        ...(ours === undefined ? {} : { dropletId: ours.id }),
        ipAddress: found.ip,
        reservedIpUrn: `do:reservedip:${found.ip}`,
      };
    }),
  update: async (run, id, _olds, news, changed) => {
    if (changed.has('dropletId')) {
      if (Number(news.dropletId ?? 0) !== 0) await assign(run, id, number(news, 'dropletId'));
      else await unassign(run, id);
    }
    return undefined;
  },
  delete: async (run, id, olds) => {
    if (Number(olds.dropletId ?? 0) !== 0) {
      try {
        await unassign(run, id);
      } catch (error) {
        // Out of step with the service: it is no longer assigned.
        if (!(error instanceof ApiFailure && error.status === 422)) throw error;
      }
    }
    await explained('Error deleting reserved IP', () => run.client.call(run.signal, 'DELETE', path(id), z.unknown()));
  },
});

export const RESERVED_IP_ASSIGNMENT_SPEC: ResourceSpec = {
  framework: false,
  named: false,
  properties: {
    ipAddress: { type: 'string', required: true, replace: true, refuse: ipv4 },
    dropletId: { type: 'number', required: true, replace: true, refuse: notEmpty },
  },
  outputs: [],
};

/** Digits of a time and of a counter, in the plugin's framework; what matters is that no two are equal. */
const assignmentId = (droplet: number, ip: string): string => `${droplet}-${ip}-${randomBytes(13).toString('hex')}`;

/** digitalocean:index/reservedIpAssignment:ReservedIpAssignment */
export const reservedIpAssignment: ResourceHandler<DigitalOceanClient> = defineResource(RESERVED_IP_ASSIGNMENT_SPEC, {
  create: async (run, news) => {
    const [ip, droplet] = [text(news, 'ipAddress'), number(news, 'dropletId')];
    await assign(run, ip, droplet);
    return { id: assignmentId(droplet, ip) };
  },
  adopt: (_run, id) => {
    const [ip = '', droplet] = id.split(',');
    if (droplet === undefined || !/^\d+$/.test(droplet)) return Promise.resolve(undefined);
    const dropletId = Number(droplet);
    return Promise.resolve({ id: assignmentId(dropletId, ip), state: { ipAddress: ip, dropletId } });
  },
  // An address that is gone is an error, one that is elsewhere is a lost assignment.
  read: async (run, _id, { ipAddress, dropletId }) => {
    const found = await existing(run, text({ ipAddress }, 'ipAddress'));
    return found.droplet?.id === dropletId ? { ipAddress, dropletId } : undefined;
  },
  // Both arguments replace it: there is nothing that could change in place.
  update: () => Promise.resolve(undefined),
  delete: async (run, _id, olds) => {
    const ip = text(olds, 'ipAddress');
    const { droplet } = await existing(run, ip);
    // The official plugin panics here and takes its other operations with it; this is as far as a stand-in may follow.
    if (droplet === undefined || droplet === null)
      throw new UserError(
        `reserved IP ${ip} is assigned to no droplet any more: the official plugin panics on this delete. Run a refresh first.`,
      );
    if (droplet.id === olds.dropletId) await unassign(run, ip);
  },
});
