import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { labDown, labUp } from '../../lab/control.ts';

const host = z
  .object({
    name: z.string(),
    hostKeys: z.object({ ed25519: z.string().optional() }).loose(),
    pending: z.object({ deadline: z.number() }).loose().nullable(),
  })
  .loose();
export type HostState = z.output<typeof host>;

const line = z.union([
  z.tuple([z.literal('hosts'), z.string(), host]),
  z.tuple([z.literal('hosts'), z.string()]).transform(([name, key]) => [name, key, undefined] as const),
]);

/**
 * What happens on hosts without us: the lab is stopped, every host's record handed to `change`, and the lab started
 * again over the result.
 */
export async function meanwhile(dir: string, change: (host: HostState) => HostState): Promise<void> {
  await labDown(dir);
  const path = join(dir, 'journal.jsonl');
  const hosts = new Map<string, HostState>();
  for (const text of (await readFile(path, 'utf8')).split('\n').filter((one) => one.startsWith('["hosts",'))) {
    const [, key, value] = line.parse(JSON.parse(text));
    if (value === undefined) hosts.delete(key);
    else hosts.set(key, value);
  }
  const changed = [...hosts].map(([key, value]) => `${JSON.stringify(['hosts', key, change(value)])}\n`);
  await appendFile(path, changed.join(''));
  await labUp(dir);
}

/** The time that a host gives a release to be confirmed is over. */
export const timersOver = (one: HostState): HostState => ({
  ...one,
  pending: one.pending && { ...one.pending, deadline: 0 },
});
