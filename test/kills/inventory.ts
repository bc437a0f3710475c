import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** Books that the lab keeps for itself: nothing that a cloud would list. */
const OWN_BOOKS = ['actions', 'boots', 'address-cursors', 'events'];

const thing = z.looseObject({
  name: z.string().optional(),
  ip: z.string().optional(),
  subnets: z.array(z.object({ ipRange: z.string() })).optional(),
  routes: z.array(z.object({ destination: z.string() })).optional(),
  privateNet: z.array(z.object({ ip: z.string() })).optional(),
});
const host = z.looseObject({
  name: z.string(),
  confirmed: z.string().nullable(),
  pending: z.unknown(),
  nodeId: z.string().nullable(),
});
const device = z.looseObject({ label: z.string(), hostname: z.string(), tags: z.array(z.string()) });

/**
 * All that clouds, tailnets and hosts of a lab hold, a line each, sorted and without ids: what two runs to the same end have
 * in common. Read from the lab's journal, so that it tells also what no program asks for.
 */
export function inventory(labDir: string): string[] {
  const lines: string[] = [];
  for (const [collection, records] of journal(join(labDir, 'journal.jsonl'))) {
    const [cloud = '', , kind = ''] = collection.split('/');
    for (const record of records.values()) {
      if (collection === 'hosts') lines.push(hostLine(host.parse(record)));
      else if (collection === 'tailnet-devices') lines.push(deviceLine(device.parse(record)));
      else if (['hetzner', 'digitalocean'].includes(cloud) && kind !== '' && !OWN_BOOKS.includes(kind))
        lines.push(thingLine(`${cloud} ${kind}`, record));
    }
  }
  return lines.sort();
}

/** Lines of one list that the other does not have, counted: a second object of a name is one too many. */
export function missingFrom(list: readonly string[], wanted: readonly string[]): string[] {
  const left = [...list];
  return wanted.filter((line) => {
    const at = left.indexOf(line);
    if (at !== -1) left.splice(at, 1);
    return at === -1;
  });
}

function thingLine(what: string, record: unknown): string {
  const parsed = thing.safeParse(record);
  if (!parsed.success) return `${what} ${JSON.stringify(record)}`;
  const { name, ip, subnets, routes, privateNet } = parsed.data;
  const inside = [
    ...(subnets ?? []).map((subnet) => subnet.ipRange),
    ...(routes ?? []).map((route) => `to ${route.destination}`),
    ...(privateNet ?? []).map((entry) => entry.ip),
  ];
  // Addresses are the cloud's choice, and names that it makes up carry an id.
  const called = name === undefined ? (ip === undefined ? '' : 'an address') : name.replaceAll(/\d{4,}/g, '#');
  return [what, called, ...inside.sort()].join(' ').trimEnd();
}

const hostLine = ({ name, confirmed, pending, nodeId }: z.output<typeof host>): string =>
  `host ${name} release ${confirmed?.slice(0, 12) ?? 'none'}${pending === null ? '' : ', unconfirmed'}${nodeId === null ? '' : ', joined'}`;

const deviceLine = ({ label, hostname, tags }: z.output<typeof device>): string =>
  `device ${label} of ${hostname} ${[...tags].sort().join(' ')}`;

/** The last value of every key of every collection. */
function journal(path: string): Map<string, Map<string, unknown>> {
  const collections = new Map<string, Map<string, unknown>>();
  const entry = z.union([
    z.number(),
    z.tuple([z.string(), z.string()]),
    z.tuple([z.string(), z.string(), z.unknown()]),
  ]);
  for (const line of readFileSync(path, 'utf8').split('\n').filter(Boolean)) {
    const parsed = entry.parse(JSON.parse(line));
    if (typeof parsed === 'number') continue;
    const [name, key] = parsed;
    const records = collections.get(name) ?? new Map<string, unknown>();
    collections.set(name, records);
    if (parsed.length === 2) records.delete(key);
    else records.set(key, parsed[2]);
  }
  return collections;
}
