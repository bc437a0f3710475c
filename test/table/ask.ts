import { join } from 'node:path';
import { officialPlugin } from '../../lab/plugins/official.ts';
import { againstPlugin, againstSchema, againstSdk, sdkOnly, type Difference } from './compare.ts';
import { askLives } from './life.ts';
import { Plugin } from './plugin.ts';
import { askType, nameOf } from './probe.ts';
import { parseSchema, readSchema, schemaSecretConfig, schemaType, type Schema, type SchemaType } from './schema.ts';
import { sdkSecretConfig, sdkType, sdkVersion, type SdkType } from './sdk.ts';
import type { Life, Package, TypeExample, TypeTable } from './types.ts';

/** All answers of one stand-in, and how they differ from what others say. */
export interface Answers {
  tables: TypeTable[];
  lives: Map<string, Life>;
  secretConfig: string[];
  sdk: { version: string; differences: Difference[] };
  /** Absent without the official schema. */
  schema?: { version: string; differences: Difference[]; sdkOnly: string[]; refusedEnums: string[] };
  /** Absent without the official plugin. */
  official?: { version: string; differences: Difference[] };
}

const TREE = join(import.meta.dirname, '..', '..');
const names = (type: SchemaType | undefined): string[] => [...(type?.inputs ?? []), ...(type?.outputs ?? [])];

/** Starts the stand-in, asks it about each of its types, and holds the answers against SDK, schema and official plugin. */
export async function askPackage(one: Package): Promise<Answers> {
  const schema = readSchema(TREE, one.name);
  const version = sdkVersion(TREE, one.name);
  if (version === undefined) throw new Error(`@pulumi/${one.name} is not installed`);
  const sdks = new Map(Object.keys(one.types).map((token) => [token, sdkOf(one.name, token)]));
  return withStandIn(one, one.config, async (plugin) => {
    const tables: TypeTable[] = [];
    for (const [token, example] of Object.entries(one.types)) {
      const more = schema === undefined ? [] : names(schemaType(schema, token));
      const table = await askType(plugin, token, example, [...sdkNames(sdks, token), ...more]);
      refuseGaps(table, example);
      tables.push(table);
    }
    const secretConfig = await plugin.secretConfig(one.name, everySecret(one, schema));
    const secrets = secretDifferences(secretConfig, sdkSecretConfig(TREE, one.name));
    const answers: Answers = {
      tables,
      lives: await lives(one),
      secretConfig,
      sdk: {
        version,
        differences: [...secrets, ...tables.flatMap((table) => againstSdk(table, sdkOf(one.name, table.token)))],
      },
    };
    if (schema !== undefined) answers.schema = await heldAgainstSchema(plugin, one, schema, tables, secretConfig);
    const official = officialPlugin(one.name, version);
    if (official.path !== undefined) answers.official = await heldAgainstOfficial([official.path], one, sdks, tables);
    return answers;
  });
}

/** An argument that no example gives would have half a row, and no difference would be found in the other half. */
function refuseGaps({ token, properties }: TypeTable, { sets }: TypeExample): void {
  for (const [name, { input }] of Object.entries(properties))
    if (input === true && !sets.some((set) => name in set))
      throw new Error(`${token}: ${name} is an argument, but no example gives it`);
}

function sdkOf(packageName: string, token: string): SdkType {
  const found = sdkType(TREE, packageName, token);
  if (found === undefined) throw new Error(`@pulumi/${packageName} has no type ${token}`);
  return found;
}

const sdkNames = (sdks: ReadonlyMap<string, SdkType>, token: string): string[] => [...(sdks.get(token)?.outputs ?? [])];

async function withStandIn<T>(
  one: Package,
  config: Package['config'],
  body: (plugin: Plugin) => Promise<T>,
): Promise<T> {
  return withPlugin([process.execPath, join(TREE, one.entry)], config, body, one.env);
}

async function withPlugin<T>(
  command: readonly [string, ...string[]],
  config: Package['config'],
  body: (plugin: Plugin) => Promise<T>,
  env?: Record<string, string>,
): Promise<T> {
  const plugin = await Plugin.start(command, config, env);
  try {
    return await body(plugin);
  } finally {
    await plugin.stop();
  }
}

async function lives(one: Package): Promise<Map<string, Life>> {
  if (one.cloud === undefined) return new Map();
  const cloud = await one.cloud();
  try {
    return await withStandIn(one, cloud.config, (plugin) => askLives(plugin, cloud, one.types));
  } finally {
    await cloud.close();
  }
}

/** The provider's arguments with a value for each that somebody calls secret. */
function everySecret(one: Package, schema: Schema | undefined): Package['config'] {
  const said = [...sdkSecretConfig(TREE, one.name), ...(schema === undefined ? [] : schemaSecretConfig(schema))];
  return { ...one.config, ...Object.fromEntries(said.map((name) => [name, 'a secret text'])) };
}

function secretDifferences(here: readonly string[], there: readonly string[]): Difference[] {
  const all = [...new Set([...here, ...there])].sort();
  return all.flatMap((name) =>
    here.includes(name) === there.includes(name)
      ? []
      : [{ key: `Provider.${name} secret`, here: String(here.includes(name)), there: String(there.includes(name)) }],
  );
}

async function heldAgainstSchema(
  plugin: Plugin,
  one: Package,
  schema: Schema,
  tables: readonly TypeTable[],
  secretConfig: readonly string[],
): Promise<NonNullable<Answers['schema']>> {
  const held = {
    version: schema.version ?? '',
    differences: secretDifferences(secretConfig, schemaSecretConfig(schema)),
    sdkOnly: [] as string[],
    refusedEnums: [] as string[],
  };
  for (const table of tables) {
    const type = schemaType(schema, table.token);
    if (type === undefined) {
      held.differences.push({ key: `${table.name} type`, here: 'yes', there: 'no' });
      continue;
    }
    const newer = sdkOnly(sdkOf(one.name, table.token), type);
    held.sdkOnly.push(...newer.map((name) => `${table.name}.${name}`));
    held.differences.push(...againstSchema(table, type, newer));
    for (const [name, values] of type.enums) {
      for (const value of values) {
        const { failures } = await plugin.check(table.token, { [name]: value });
        if (failures.some(({ property }) => property === name))
          held.refusedEnums.push(`${table.name}.${name} ${value}`);
      }
    }
  }
  return held;
}

/** The official plugin may be of an older version than the SDK: it is asked about what its own schema knows. */
async function heldAgainstOfficial(
  command: readonly [string],
  one: Package,
  sdks: ReadonlyMap<string, SdkType>,
  tables: readonly TypeTable[],
): Promise<NonNullable<Answers['official']>> {
  return withPlugin(command, one.config, async (plugin) => {
    const schema = parseSchema(await plugin.schema());
    const differences: Difference[] = [];
    for (const table of tables) {
      const type = schemaType(schema, table.token);
      const example = one.types[table.token];
      if (type === undefined || example === undefined) {
        differences.push({ key: `${table.name} type`, here: 'yes', there: 'no' });
        continue;
      }
      const sdk = sdks.get(table.token);
      const newer = sdk === undefined ? [] : sdkOnly(sdk, type);
      const asked = await askType(plugin, table.token, known(example, newer), names(type));
      differences.push(...againstPlugin(without(table, newer), asked));
    }
    return { version: await plugin.version(), differences };
  });
}

const lacking = <T>(record: Record<string, T>, left: readonly string[]): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter(([name]) => !left.includes(name)));
const known = (example: TypeExample, newer: readonly string[]): TypeExample => ({
  ...example,
  sets: example.sets.map((set) => lacking(set, newer)),
});
const without = (table: TypeTable, newer: readonly string[]): TypeTable => ({
  ...table,
  properties: lacking(table.properties, newer),
});

/** Imports that are no plain yes and have no reason, and reasons for those that are. */
export function unexplainedImports(one: Package, lives: Answers['lives']): string[] {
  return Object.keys(one.types).flatMap((token) => {
    const life = lives.get(token);
    if (life === undefined) return [];
    const reason = one.reasons.import[nameOf(token)] ?? one.types[token]?.notMade;
    return (life.import === 'yes') === (reason === undefined) ? [] : [`${nameOf(token)}: ${life.import}`];
  });
}
