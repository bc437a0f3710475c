import { nameOf, resolveAll, smallest, without } from './probe.ts';
import type { Plugin, Recorded } from './plugin.ts';
import type { Cloud, Life, Package, TypeExample } from './types.ts';

const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Makes one of each type with a cloud, in the order of the package, and asks what only a cloud can tell. */
export async function askLives(plugin: Plugin, cloud: Cloud, types: Package['types']): Promise<Map<string, Life>> {
  const ids = new Map(Object.entries(cloud.ids));
  const lives = new Map<string, Life>();
  for (const [token, example] of Object.entries(types)) {
    if (example.notMade !== undefined) lives.set(token, { import: example.notMade });
    else lives.set(token, await askLife(plugin, token, example, ids));
  }
  return lives;
}

async function askLife(plugin: Plugin, token: string, example: TypeExample, ids: Map<string, string>): Promise<Life> {
  const [first = {}] = example.sets;
  const values = Object.fromEntries(Object.entries(first).map(([name, [value]]) => [name, value]));
  const args =
    example.made === undefined ? await smallest(plugin, token, resolveAll(values, ids)) : resolveAll(example.made, ids);
  const named = 'name' in first;
  const checked = await plugin.check(token, named ? { ...args, name: 'taken' } : args);
  const made = await plugin.create(token, checked.value);
  ids.set(nameOf(token), made.id);
  const life: Life = { import: await importing(plugin, token, importId(made, example)) };
  if (!named) return life;
  const again = await plugin.create(token, checked.value).then(
    () => 'accepted' as const,
    () => 'refused' as const,
  );
  return { takenName: again, ...life };
}

function importId({ id, outputs }: Recorded, { importId }: TypeExample): string {
  return importId === undefined ? id : importId.map((name) => String(outputs[name] as string | number)).join(',');
}

/** `pulumi import`: read by id alone, take the inputs that the plugin answers, plan with them. */
async function importing(plugin: Plugin, token: string, id: string): Promise<string> {
  try {
    const found = await plugin.import(token, id);
    if (found === undefined) return 'no: not found';
    const checked = await plugin.check(token, without(found.inputs, '__defaults'), found.inputs);
    const [failure] = checked.failures;
    // The engine records the import all the same, and shows the refusals.
    if (failure !== undefined) return `with a refused input: ${failure.property}: ${failure.reason}`;
    const { changed } = await plugin.diff(token, found, checked.value);
    return changed.size === 0 ? 'yes' : `plans a change of ${[...changed].sort().join(', ')}`;
  } catch (error) {
    return `no: ${said(error)}`;
  }
}
