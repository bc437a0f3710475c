import { z } from 'zod';
import { UserError, type Inputs, type Value } from '../../../io/rpc/types.ts';
import { isObject, setOrder } from '../properties.ts';
import { flag, list, shown, text, texts } from '../resource.ts';
import { ApiFailure, explained, type Run } from './client.ts';
import { tagKey } from './checks.ts';
import { dropletAction, waitForAction, waitForDroplet } from './droplet-wait.ts';

const status = (droplet: { status?: string | null | undefined }) => droplet.status ?? '';

async function powerOn(run: Run, id: string): Promise<void> {
  await dropletAction(run, id, { type: 'power_on' });
  await waitForDroplet(run, { id, of: status, target: 'active', pending: ['off'], during: 'update' });
}

/** Off, resized, on again; a resize that fails turns it on before it says so. */
async function resize(run: Run, id: string, size: string, disk: boolean): Promise<void> {
  try {
    await explained(`Error powering off droplet (${id})`, () => dropletAction(run, id, { type: 'power_off' }));
  } catch (error) {
    if (!(error instanceof ApiFailure && error.words.includes('Droplet is already powered off'))) throw error;
  }
  await explained(`Error waiting for droplet (${id}) to become powered off`, () =>
    waitForDroplet(run, { id, of: status, target: 'off', pending: ['active'], during: 'update' }),
  );
  try {
    const action = await explained(`Error resizing droplet (${id})`, () =>
      dropletAction(run, id, { disk, size, type: 'resize' }),
    );
    await explained(`Error waiting for resize droplet (${id}) to finish`, () => waitForAction(run, action));
  } catch (error) {
    if (error instanceof UserError) await powerOn(run, id);
    throw error;
  }
  await explained(`Error powering on droplet (${id}) after resize`, () => powerOn(run, id));
}

/** Body part for a backup policy; refused without backups. */
export function backupPolicy(inputs: Inputs): object | undefined {
  const policy = inputs.backupPolicy;
  if (!isObject(policy)) return undefined;
  if (!flag(inputs.backups)) throw new UserError('backup_policy can only be set when backups are enabled');
  return {
    plan: policy.plan === undefined ? '' : shown(policy.plan),
    weekday: policy.weekday === undefined ? '' : shown(policy.weekday),
    hour: Number(policy.hour ?? 0),
  };
}

async function changeBackups(run: Run, id: string, news: Inputs, changed: ReadonlySet<string>): Promise<void> {
  const policy = backupPolicy(news);
  if (changed.has('backups')) {
    const body = flag(news.backups)
      ? { type: 'enable_backups', ...(policy === undefined ? {} : { backup_policy: policy }) }
      : { type: 'disable_backups' };
    await waitForAction(run, await dropletAction(run, id, body));
  }
  if (changed.has('backupPolicy') && policy !== undefined)
    await waitForAction(run, await dropletAction(run, id, { type: 'change_backup_policy', backup_policy: policy }));
}

/** Tags one by one: taken off first, then made and put on. */
async function changeTags({ client, signal }: Run, id: string, before: Value, after: Value): Promise<void> {
  const keys = (tags: Value) => list(tags).map(tagKey);
  const without = (tags: Value, others: Value) =>
    texts(setOrder(list(tags))).filter((name) => !keys(others).includes(tagKey(name)));
  const resources = { resources: [{ resource_id: id, resource_type: 'droplet' }] };
  for (const name of without(before, after))
    await client.call(signal, 'DELETE', `/v2/tags/${name}/resources`, z.unknown(), resources);
  for (const name of without(after, before)) {
    const made = await client.call(signal, 'POST', '/v2/tags', z.object({ tag: z.object({ name: z.string() }) }), {
      name,
    });
    await client.call(signal, 'POST', `/v2/tags/${made.tag.name}/resources`, z.unknown(), resources);
  }
}

/** Everything that changes in place, in the plugin's order. */
export async function updateDroplet(
  run: Run,
  id: string,
  olds: Inputs,
  news: Inputs,
  changed: ReadonlySet<string>,
): Promise<void> {
  if (changed.has('size')) await resize(run, id, text(news, 'size').toLowerCase(), flag(news.resizeDisk));
  if (changed.has('name')) {
    const name = text(news, 'name');
    await explained(`Error renaming droplet (${id})`, () => dropletAction(run, id, { name, type: 'rename' }));
    await explained(`Error waiting for rename droplet (${id}) to finish`, () =>
      waitForDroplet(run, {
        id,
        of: (droplet) => droplet.name,
        target: name,
        pending: ['', text(olds, 'name')],
        during: 'update',
      }),
    );
  }
  await changeBackups(run, id, news, changed);
  if (changed.has('ipv6') && flag(news.ipv6)) {
    await explained(`Error turning on ipv6 for droplet (${id})`, () => dropletAction(run, id, { type: 'enable_ipv6' }));
    await explained(`Error waiting for ipv6 to be turned on for droplet (${id})`, () =>
      waitForDroplet(run, {
        id,
        of: (droplet) => String(droplet.features?.includes('ipv6') ?? false),
        target: 'true',
        pending: ['', 'false'],
        during: 'update',
      }),
    );
    run.op.log('warning', 'Enabling IPv6 requires additional OS-level configuration');
  }
  if (changed.has('tags')) await explained('Error updating tags', () => changeTags(run, id, olds.tags, news.tags));
}
