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

const put = z.tuple([z.string(), z.string(), z.unknown()]);
const gone = z.tuple([z.string(), z.string()]);

/**
 * What happens on hosts without us: the lab is stopped, every host's record handed to `change`, and the lab started
 * again over the result.
 */
export function meanwhile(dir: string, change: (host: HostState) => HostState): Promise<void> {
  return rewrite(dir, (values) =>
    [...(values.get('hosts') ?? [])].map(([key, value]) => ['hosts', key, change(host.parse(value))]),
  );
}

const disk = z.object({ files: z.record(z.string(), z.object({ content: z.string() }).loose()) }).loose();

/** Somebody with an editor, on one host: a line more at the end of a file that a release placed. */
export function edited(dir: string, name: string, path: string): Promise<void> {
  return rewrite(dir, (values) => {
    const [id = ''] = [...(values.get('hosts') ?? [])].find(([, value]) => host.parse(value).name === name) ?? [];
    const found = disk.parse(values.get('host-disks')?.get(id));
    const file = found.files[path];
    if (file === undefined) throw new Error(`${name} has no ${path}; it has ${Object.keys(found.files).join(', ')}`);
    const files = { ...found.files, [path]: { ...file, content: `${file.content}# edited\n` } };
    return [['host-disks', id, { ...found, files }]];
  });
}

type Values = ReadonlyMap<string, ReadonlyMap<string, unknown>>;

async function rewrite(dir: string, change: (values: Values) => [string, string, unknown][]): Promise<void> {
  await labDown(dir);
  const path = join(dir, 'journal.jsonl');
  const values = new Map<string, Map<string, unknown>>();
  for (const text of (await readFile(path, 'utf8')).split('\n').filter((one) => /^\["(hosts|host-disks)",/.test(one))) {
    const [collection, key, ...value] = z.union([put, gone]).parse(JSON.parse(text));
    const records = values.get(collection) ?? new Map<string, unknown>();
    values.set(collection, records);
    if (value.length === 0) records.delete(key);
    else records.set(key, value[0]);
  }
  await appendFile(
    path,
    change(values)
      .map((line) => `${JSON.stringify(line)}\n`)
      .join(''),
  );
  await labUp(dir);
}

/** The time that a host gives a release to be confirmed is over. */
export const timersOver = (one: HostState): HostState => ({
  ...one,
  pending: one.pending && { ...one.pending, deadline: 0 },
});
