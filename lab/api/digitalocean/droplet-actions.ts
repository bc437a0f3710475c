import { z } from 'zod';
import type { Account } from './account.ts';
import { SIZES } from './catalog.ts';
import { unprocessable } from './errors.ts';
import type { ActionRecord, DropletRecord, DropletStatus } from './records.ts';
import { DROPLET_NAME } from './droplet-create.ts';

const POLICY = z.object({
  plan: z.enum(['daily', 'weekly']).nullish(),
  weekday: z.enum(['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', '']).nullish(),
  hour: z.number().nullish(),
});

/** Body of POST /droplets/{id}/actions. */
export const DROPLET_ACTION = z.discriminatedUnion('type', [
  z.object({ type: z.literal('power_on') }),
  z.object({ type: z.literal('power_off') }),
  z.object({ type: z.literal('shutdown') }),
  z.object({ type: z.literal('reboot') }),
  z.object({ type: z.literal('power_cycle') }),
  z.object({ type: z.literal('resize'), size: z.string(), disk: z.boolean().nullish() }),
  z.object({ type: z.literal('rename'), name: DROPLET_NAME }),
  z.object({ type: z.literal('enable_ipv6') }),
  z.object({ type: z.literal('enable_backups'), backup_policy: POLICY.nullish() }),
  z.object({ type: z.literal('change_backup_policy'), backup_policy: POLICY }),
  z.object({ type: z.literal('disable_backups') }),
]);
type DropletAction = z.infer<typeof DROPLET_ACTION>;

/** The status stays what it is until the action is over. */
function power(account: Account, droplet: DropletRecord, after: DropletStatus): Partial<DropletRecord> {
  return { power: { before: account.status(droplet), after, at: account.now + account.actionMs } };
}

function resize(account: Account, droplet: DropletRecord, slug: string, withDisk: boolean): Partial<DropletRecord> {
  if (account.status(droplet) !== 'off') throw unprocessable('Droplet must be powered off before it can be resized.');
  const size = SIZES.find((candidate) => candidate.slug === slug && candidate.available);
  if (size === undefined) throw unprocessable('You specified an invalid size for Droplet creation.');
  if (size.slug === droplet.size) throw unprocessable('Droplet is already this size.');
  if (!size.regions.includes(droplet.region)) throw unprocessable('Size is not available in this region.');
  if (size.disk < droplet.disk) throw unprocessable('This size is not available because it has a smaller disk.');
  return { size: size.slug, ...(withDisk ? { disk: size.disk } : {}) };
}

/** What an action changes; refusals are the service's. */
function effect(account: Account, droplet: DropletRecord, action: DropletAction): Partial<DropletRecord> {
  const off = account.status(droplet) === 'off';
  switch (action.type) {
    case 'power_on':
      if (!off) throw unprocessable('Droplet is already powered on.');
      return power(account, droplet, 'active');
    case 'power_off':
      if (off) throw unprocessable('Droplet is already powered off.');
      return power(account, droplet, 'off');
    // A droplet that is down already is no error.
    case 'shutdown':
      return off ? {} : power(account, droplet, 'off');
    case 'reboot':
    case 'power_cycle':
      if (off) throw unprocessable('Droplet is currently powered off.');
      return power(account, droplet, 'active');
    case 'resize':
      return resize(account, droplet, action.size, action.disk ?? false);
    case 'rename':
      return { name: action.name };
    case 'enable_ipv6':
      if (droplet.publicAddress === '') throw unprocessable('Droplet has no public networking.');
      return { ipv6: droplet.ipv6 ?? account.allocateIpv6() };
    case 'enable_backups':
      return { backups: true };
    case 'change_backup_policy':
      if (!droplet.backups) throw unprocessable('Backups are not enabled on this Droplet.');
      return {};
    case 'disable_backups':
      return { backups: false };
  }
}

/** POST /droplets/{id}/actions: refused while another event runs; an action that ends in error changes nothing. */
export function runDropletAction(account: Account, droplet: DropletRecord, input: DropletAction): ActionRecord {
  account.checkUnlocked(droplet);
  const changed = effect(account, droplet, input);
  const action = account.start(input.type, { type: 'droplet', id: droplet.id }, droplet.region, droplet.name);
  account.droplets.put(String(droplet.id), {
    ...droplet,
    ...(action.errored ? {} : changed),
    busyUntil: action.finishes,
  });
  return action;
}
