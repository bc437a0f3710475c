import { z } from 'zod';
import type { Inputs, ResourceHandler } from '../../../io/rpc/types.ts';
import { setOrder } from '../properties.ts';
import { defineResource, flag, list, text, texts } from '../resource.ts';
import { slug } from './checks.ts';
import { ApiFailure, explained, type DigitalOceanClient, type Run } from './client.ts';
import { DROPLET_ANSWER, DROPLET_SPEC, dropletOutputs, validateDroplet } from './droplet-shape.ts';
import { backupPolicy, updateDroplet } from './droplet-update.ts';
import { dropletAction, findDroplet, waitForDroplet, waitUntilGone } from './droplet-wait.ts';
import { TIMEOUT } from './rhythm.ts';
import { Deadline } from './wait.ts';

function createBody(news: Inputs): object {
  const image = text(news, 'image');
  const policy = backupPolicy(news);
  const sshKeys = texts(setOrder(list(news.sshKeys))).map((key) => (/^\d+$/.test(key) ? Number(key) : key));
  return {
    name: text(news, 'name'),
    region: slug(news.region) ?? '',
    size: text(news, 'size').toLowerCase(),
    image: /^\d+$/.test(image) ? Number(image) : image,
    ssh_keys: sshKeys.length > 0 ? sshKeys : null,
    backups: flag(news.backups),
    ipv6: flag(news.ipv6),
    private_networking: flag(news.privateNetworking),
    monitoring: flag(news.monitoring),
    ...(news.publicNetworking === false ? { public_networking: false } : {}),
    ...(typeof news.userData === 'string' ? { user_data: news.userData } : {}),
    tags: setOrder(list(news.tags)),
    ...(typeof news.vpcUuid === 'string' && news.vpcUuid !== '' ? { vpc_uuid: news.vpcUuid } : {}),
    ...(news.dropletAgent === undefined ? {} : { with_droplet_agent: flag(news.dropletAgent) }),
    ...(typeof news.gpuPartitionMode === 'string' ? { gpu_partition_mode: news.gpuPartitionMode } : {}),
    ...(policy === undefined ? {} : { backup_policy: policy }),
  };
}

const status = (droplet: { status?: string | null | undefined }) => droplet.status ?? '';

async function remove(run: Run, id: string, olds: Inputs): Promise<void> {
  const deadline = new Deadline(TIMEOUT.dropletDelete);
  // One that is gone already is an error here: only a refresh gets it out of the state.
  await explained(`Error waiting for droplet to be unlocked for destroy (${id})`, () =>
    waitForDroplet(run, {
      id,
      of: (droplet) => String(droplet.locked ?? false),
      target: 'false',
      pending: ['', 'true'],
      during: 'delete',
      deadline,
    }),
  );
  // Decided by state, not by the program.
  if (flag(olds.gracefulShutdown)) {
    await explained(`Error shutting down the the droplet (${id})`, () => dropletAction(run, id, { type: 'shutdown' }));
    await explained(`Error waiting for droplet (${id}) to become off`, () =>
      waitForDroplet(run, { id, of: status, target: 'off', pending: ['active'], during: 'delete', deadline }),
    );
  }
  try {
    await run.client.call(run.signal, 'DELETE', `/v2/droplets/${id}`, z.unknown());
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    if (error.status === 404) return;
    // Any other refusal is ignored, as in the plugin, which then waits for a droplet that stays.
  }
  await explained('Error deleting droplet', () => waitUntilGone(run, id, deadline));
}

/** digitalocean:index/droplet:Droplet */
export const droplet: ResourceHandler<DigitalOceanClient> = defineResource(DROPLET_SPEC, {
  validate: validateDroplet,
  create: async (run, news, made) => {
    const body = createBody(news);
    const answer = await explained('Error creating droplet', () =>
      run.client.call(run.signal, 'POST', '/v2/droplets', DROPLET_ANSWER, body),
    );
    const id = String(answer.droplet.id);
    made(id);
    const ready = await explained(`Error waiting for droplet (${id}) to become ready`, () =>
      waitForDroplet(run, { id, of: status, target: 'active', pending: ['new'], during: 'create' }),
    );
    return { id, outputs: dropletOutputs(ready, news) };
  },
  adopt: async (run, id) => {
    const image = /^\d+$/.test(id) ? (await findDroplet(run, id))?.image : undefined;
    if (image === undefined) return undefined;
    // Nothing else ever reads the image.
    return { id, state: { image: image?.slug ?? String(image?.id ?? ''), resizeDisk: true } };
  },
  read: (run, id, state) =>
    explained('Error retrieving droplet', async () => {
      const found = await findDroplet(run, id);
      return found === undefined ? undefined : dropletOutputs(found, state);
    }),
  update: async (run, id, olds, news, changed) => {
    await updateDroplet(run, id, olds, news, changed);
    return undefined;
  },
  delete: remove,
});
