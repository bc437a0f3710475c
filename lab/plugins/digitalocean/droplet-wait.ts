import { UserError } from '../../../io/rpc/types.ts';
import type { Run } from './client.ts';
import { DROPLET_ANSWER, type ApiDroplet } from './droplet-shape.ts';
import { RHYTHM, TIMEOUT } from './rhythm.ts';
import { waitFor, type Deadline } from './wait.ts';
import { z } from 'zod';

export async function findDroplet({ client, signal }: Run, id: string | number): Promise<ApiDroplet | undefined> {
  return (await client.find(signal, `/v2/droplets/${id}`, DROPLET_ANSWER))?.droplet;
}

/** State of a droplet that a delete finds gone. */
const GONE = 'Not Found';

interface DropletWait {
  id: string;
  /** What is watched. */
  of: (droplet: ApiDroplet) => string;
  target: string;
  pending: readonly string[];
  /** Where it may be missing: not yet there, or no longer. */
  during: 'create' | 'update' | 'delete';
  deadline?: Deadline;
}

/** A locked droplet is not judged: nothing can be done with it anyway. */
export async function waitForDroplet(
  run: Run,
  { id, of, during, deadline, ...wait }: DropletWait,
): Promise<ApiDroplet> {
  const seen = await waitFor<ApiDroplet | undefined>(run, {
    ...wait,
    rhythm: RHYTHM.droplet,
    timeout: during === 'delete' ? TIMEOUT.dropletDelete : TIMEOUT.droplet,
    ...(deadline === undefined ? {} : { deadline }),
    look: async () => {
      const droplet = await findDroplet(run, id);
      if (droplet === undefined) {
        if (during === 'delete') return { state: GONE, value: undefined };
        if (during === 'update') throw new UserError(`droplet (${id}) not found during update`);
        return undefined;
      }
      return droplet.locked === true ? undefined : { state: of(droplet), value: droplet };
    },
  });
  if (seen === undefined) throw new Error(`droplet ${id} is gone, and that was not waited for`);
  return seen;
}

export async function waitUntilGone(run: Run, id: string, deadline: Deadline): Promise<void> {
  await waitFor<undefined>(run, {
    rhythm: RHYTHM.droplet,
    pending: ['active', 'off'],
    target: GONE,
    timeout: TIMEOUT.dropletDelete,
    deadline,
    look: async () => {
      const droplet = await findDroplet(run, id);
      if (droplet === undefined) return { state: GONE, value: undefined };
      return droplet.locked === true ? undefined : { state: droplet.status ?? '', value: undefined };
    },
  });
}

const ACTION = z.object({ id: z.number(), status: z.string(), completed_at: z.string().nullish() });
/** The envelope of every action POST. */
export const ACTION_ANSWER = z.object({ action: ACTION });

/** Watches an action of the account to its end. */
export async function waitForAction(run: Run, action: z.infer<typeof ACTION>): Promise<void> {
  await waitFor(run, {
    rhythm: RHYTHM.action,
    pending: ['in-progress'],
    target: 'completed',
    timeout: TIMEOUT.action,
    look: async () => {
      const answer = await run.client.call(run.signal, 'GET', `/v2/actions/${action.id}`, ACTION_ANSWER);
      const { status, completed_at } = answer.action;
      if (status === 'errored') return { state: 'errored', value: undefined };
      return { state: typeof completed_at === 'string' ? 'completed' : 'in-progress', value: undefined };
    },
  });
}

/** POST of a droplet action; answers the action. */
export async function dropletAction(run: Run, id: string, body: object): Promise<z.infer<typeof ACTION>> {
  const path = `/v2/droplets/${id}/actions`;
  return (await run.client.call(run.signal, 'POST', path, ACTION_ANSWER, body)).action;
}
