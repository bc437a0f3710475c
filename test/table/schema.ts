import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';

const PROPERTY = z.object({
  type: z.string().optional(),
  $ref: z.string().optional(),
  oneOf: z.array(z.object({ $ref: z.string().optional() })).optional(),
  items: z.object({ $ref: z.string().optional() }).optional(),
  secret: z.boolean().optional(),
  default: z.union([z.string(), z.number(), z.boolean()]).optional(),
  replaceOnChanges: z.boolean().optional(),
  willReplaceOnChanges: z.boolean().optional(),
});
type SchemaProperty = z.infer<typeof PROPERTY>;
const PROPERTIES = z.record(z.string(), PROPERTY).default({});
const SCHEMA = z.object({
  version: z.string().optional(),
  provider: z.object({ inputProperties: PROPERTIES }),
  resources: z.record(
    z.string(),
    z.object({
      inputProperties: PROPERTIES,
      properties: PROPERTIES,
      requiredInputs: z.array(z.string()).default([]),
    }),
  ),
  types: z.record(
    z.string(),
    z.object({
      properties: PROPERTIES,
      enum: z.array(z.object({ value: z.union([z.string(), z.number()]) })).optional(),
    }),
  ),
});
export type Schema = z.infer<typeof SCHEMA>;
export const parseSchema = (schema: unknown): Schema => SCHEMA.parse(schema);

/** What a schema says of one type, in the table's words. */
export interface SchemaType {
  inputs: Set<string>;
  required: Set<string>;
  outputs: Set<string>;
  secrets: Set<string>;
  replacing: Set<string>;
  /** As JSON, by path; also of the objects that arguments are made of. */
  defaults: Map<string, string>;
  nestedSecrets: Set<string>;
  enums: Map<string, (string | number)[]>;
}

/** Where the official schemas are kept: beside the checkout, or where MESH_SCHEMAS says. */
export function schemaFolder(treeRoot: string): string {
  const named = process.env.MESH_SCHEMAS ?? '';
  return named === '' ? join(treeRoot, '..', 'shared', 'schemas') : resolve(named);
}

/** @returns undefined when there is none */
export function readSchema(treeRoot: string, packageName: string): Schema | undefined {
  const file = join(schemaFolder(treeRoot), `${packageName}.json`);
  return existsSync(file) ? parseSchema(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}

const having = (properties: Record<string, SchemaProperty>, is: (property: SchemaProperty) => unknown): Set<string> =>
  new Set(Object.keys(properties).filter((name) => properties[name] !== undefined && is(properties[name])));

function typesOf(schema: Schema, property: SchemaProperty): Schema['types'][string][] {
  const refs = [property.$ref, property.items?.$ref, ...(property.oneOf ?? []).map((one) => one.$ref)];
  return refs.flatMap((ref) => schema.types[ref?.replace('#/types/', '') ?? ''] ?? []);
}

interface Found {
  defaults: Map<string, string>;
  secrets: Set<string>;
}

function walk(schema: Schema, properties: Record<string, SchemaProperty>, path: string, found: Found): void {
  for (const [name, property] of Object.entries(properties)) {
    const here = path === '' ? name : `${path}.${name}`;
    if (property.default !== undefined) found.defaults.set(here, JSON.stringify(property.default));
    if (property.secret === true && path !== '') found.secrets.add(here);
    for (const type of typesOf(schema, property)) walk(schema, type.properties, here, found);
  }
}

/** @returns undefined when the schema has no such type */
export function schemaType(schema: Schema, token: string): SchemaType | undefined {
  const type = schema.resources[token];
  if (type === undefined) return undefined;
  const found: Found = { defaults: new Map(), secrets: new Set() };
  walk(schema, type.inputProperties, '', found);
  const enums = Object.entries(type.inputProperties).flatMap(([name, property]): [string, (string | number)[]][] => {
    const values = typesOf(schema, property).flatMap((one) => one.enum ?? []);
    return values.length === 0 ? [] : [[name, values.map(({ value }) => value)]];
  });
  return {
    inputs: new Set(Object.keys(type.inputProperties)),
    required: new Set(type.requiredInputs),
    outputs: new Set(Object.keys(type.properties)),
    secrets: having({ ...type.properties, ...type.inputProperties }, (property) => property.secret),
    replacing: having(type.inputProperties, (property) => property.replaceOnChanges ?? property.willReplaceOnChanges),
    defaults: found.defaults,
    nestedSecrets: found.secrets,
    enums: new Map(enums),
  };
}

export const schemaSecretConfig = (schema: Schema): string[] => [
  ...having(schema.provider.inputProperties, (property) => property.secret),
];
