import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const put = z.tuple([z.string(), z.string(), z.unknown()]);
const gone = z.tuple([z.string(), z.string()]);
const power = z.object({ after: z.string() });
const server = z.object({ name: z.string(), serverType: z.string(), power });
const droplet = z.object({ name: z.string(), size: z.string(), power }).transform(({ name, size, power }) => ({
  name,
  serverType: size,
  power: { after: power.after === 'active' ? 'running' : power.after },
}));
const device = z.object({
  hostname: z.string(),
  online: z.boolean(),
  advertised: z.array(z.string()),
  enabled: z.array(z.string()),
});

interface Moment {
  /** What happened, such as `fra-edge-01 off`. */
  event: string;
  /** Hosts that carry their routes now: the server is on, the node online, and its routes are advertised and approved. */
  carrying: string[];
}

/**
 * What became of servers and nodes since line `from` of the lab's journal, in the order in which it happened there: the
 * clouds' own view of a run, whatever the engine says about it.
 */
export async function timeline(dir: string, from: number): Promise<Moment[]> {
  const servers = new Map<string, z.infer<typeof server>>();
  const devices = new Map<string, z.infer<typeof device>>();
  const moments: Moment[] = [];
  const carrying = (): string[] =>
    [...devices.values()]
      .filter(({ online, advertised, enabled }) => online && advertised.some((route) => enabled.includes(route)))
      .map(({ hostname }) => hostname)
      .filter((name) => [...servers.values()].some((one) => one.name === name && one.power.after === 'running'))
      .sort();
  (await lines(dir)).forEach((line, index) => {
    const [collection, key, value] = entry(line);
    const events: string[] = [];
    const shape = shapeOf(collection);
    if (shape !== undefined) {
      const old = servers.get(key);
      const now = value === undefined ? undefined : shape.parse(value);
      if (now === undefined) servers.delete(key);
      else servers.set(key, now);
      events.push(...serverEvents(old, now));
    } else if (collection.endsWith('devices')) {
      const old = devices.get(key);
      const now = value === undefined ? undefined : device.parse(value);
      if (now === undefined) devices.delete(key);
      else devices.set(key, now);
      events.push(...deviceEvents(old, now));
    }
    if (index >= from) moments.push(...events.map((event) => ({ event, carrying: carrying() })));
  });
  return moments;
}

/** What servers look like there; undefined for collections of other things. */
function shapeOf(collection: string): typeof server | typeof droplet | undefined {
  if (collection.startsWith('hetzner/') && collection.endsWith('/servers')) return server;
  return collection.startsWith('digitalocean/') && collection.endsWith('/droplets') ? droplet : undefined;
}

/** Where the journal ends now, for a later `timeline`. */
export async function mark(dir: string): Promise<number> {
  return (await lines(dir)).length;
}

async function lines(dir: string): Promise<string[]> {
  return (await readFile(join(dir, 'journal.jsonl'), 'utf8')).split('\n').slice(0, -1);
}

function entry(line: string): [collection: string, key: string, value: unknown] {
  const json: unknown = JSON.parse(line);
  const made = put.safeParse(json);
  if (made.success) return made.data;
  const deleted = gone.safeParse(json);
  return deleted.success ? [...deleted.data, undefined] : ['', '', undefined];
}

type Old<T> = T | undefined;

function serverEvents(old: Old<z.infer<typeof server>>, now: Old<z.infer<typeof server>>): string[] {
  if (now === undefined) return old === undefined ? [] : [`${old.name} deleted`];
  if (old === undefined) return [`${now.name} made`];
  return [
    ...(old.serverType === now.serverType ? [] : [`${now.name} ${now.serverType}`]),
    ...(old.power.after === now.power.after ? [] : [`${now.name} ${now.power.after === 'off' ? 'off' : 'on'}`]),
  ];
}

function deviceEvents(old: Old<z.infer<typeof device>>, now: Old<z.infer<typeof device>>): string[] {
  if (now === undefined) return old === undefined ? [] : [`${old.hostname} device removed`];
  const before = (old?.advertised.length ?? 0) > 0;
  const after = now.advertised.length > 0;
  if (before === after) return [];
  return [`${now.hostname} ${after ? 'advertises' : 'drained'}`];
}
