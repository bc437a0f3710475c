import { rootOf } from '../../io/rpc/path.ts';
import type { SchemaType } from './schema.ts';
import type { SdkType } from './sdk.ts';
import type { Property, Reasons, TypeTable } from './types.ts';

/** `Type.property fact`, then both sides. */
export interface Difference {
  key: string;
  here: string;
  there: string;
}

const yesNo = (value: boolean): string => (value ? 'yes' : 'no');
const absent: Property = { input: false, required: false, output: false, secret: false };

class Differences {
  readonly list: Difference[] = [];
  readonly #type: string;

  constructor(type: string) {
    this.#type = type;
  }

  add(property: string, fact: string, here: string, there: string): void {
    if (here !== there) this.list.push({ key: `${this.#type}.${property} ${fact}`, here, there });
  }
}

const own = ({ properties }: TypeTable, name: string): Property =>
  (Object.hasOwn(properties, name) ? properties[name] : undefined) ?? absent;
/** What is in a secret is secret. */
const isSecret = (table: TypeTable, path: string): boolean =>
  table.nested.secrets.includes(path) || own(table, rootOf(path)).secret;
const everyName = (table: TypeTable, ...more: Iterable<string>[]): string[] =>
  [...new Set([...Object.keys(table.properties), ...more.flatMap((names) => [...names])])].sort();

/** A required argument whose default Check fills in is not required of the program. */
export function againstSdk(table: TypeTable, sdk: SdkType): Difference[] {
  const found = new Differences(table.name);
  for (const name of everyName(table, sdk.outputs)) {
    const property = own(table, name);
    found.add(name, 'input', property.input === 'refused' ? 'yes' : yesNo(property.input), yesNo(sdk.inputs.has(name)));
    found.add(name, 'required', yesNo(property.required), yesNo(sdk.required.has(name)));
    found.add(name, 'output', yesNo(property.output), yesNo(sdk.outputs.has(name)));
    found.add(name, 'secret', yesNo(property.secret), yesNo(sdk.secrets.has(name)));
  }
  return found.list;
}

/** What the SDK of the pinned version has and the schema, of an older version, has not. */
export const sdkOnly = (sdk: SdkType, schema: SchemaType): string[] =>
  [...sdk.outputs].filter((name) => !schema.outputs.has(name) && !schema.inputs.has(name));

/** @param newer properties that the schema's version does not have yet */
export function againstSchema(table: TypeTable, schema: SchemaType, newer: readonly string[]): Difference[] {
  const found = new Differences(table.name);
  for (const name of everyName(table, schema.inputs, schema.outputs)) {
    if (newer.includes(name)) continue;
    const property = own(table, name);
    const input = property.input === true;
    found.add(name, 'input', String(property.input), String(schema.inputs.has(name)));
    found.add(name, 'required', yesNo(property.required), yesNo(schema.required.has(name)));
    found.add(name, 'output', yesNo(property.output), yesNo(schema.outputs.has(name)));
    found.add(name, 'secret', yesNo(property.secret), yesNo(schema.secrets.has(name)));
    const replaces = property.change === 'replace' || property.leftOut === 'replace';
    if (input) found.add(name, 'replaces', yesNo(replaces), yesNo(schema.replacing.has(name)));
    const fallback = schema.defaults.get(name);
    if (fallback !== undefined) found.add(name, 'default', property.default ?? 'none', fallback);
  }
  for (const [path, value] of schema.defaults)
    if (path.includes('.')) found.add(path, 'default', table.nested.defaults[path] ?? 'none', value);
  for (const path of new Set([...table.nested.secrets, ...schema.nestedSecrets]))
    found.add(path, 'secret', yesNo(isSecret(table, path)), yesNo(schema.nestedSecrets.has(path)));
  return found.list;
}

/** The same questions to two plugins: every answer counts. */
export function againstPlugin(table: TypeTable, official: TypeTable): Difference[] {
  const found = new Differences(table.name);
  for (const name of everyName(table, Object.keys(official.properties))) {
    const [here, there] = [own(table, name), own(official, name)];
    for (const fact of ['input', 'required', 'output', 'secret', 'change', 'leftOut', 'default'] as const)
      found.add(name, fact, String(here[fact] ?? 'none'), String(there[fact] ?? 'none'));
  }
  const paths = [...Object.keys(table.nested.defaults), ...Object.keys(official.nested.defaults)];
  for (const path of new Set(paths))
    found.add(path, 'default', table.nested.defaults[path] ?? 'none', official.nested.defaults[path] ?? 'none');
  for (const path of new Set([...table.nested.secrets, ...official.nested.secrets]))
    found.add(path, 'secret', yesNo(isSecret(table, path)), yesNo(isSecret(official, path)));
  found.add('name', 'deletes first', String(table.deletesFirst ?? 'none'), String(official.deletesFirst ?? 'none'));
  return found.list;
}

/** Differences that no reason explains, and reasons that explain none: both are faults. */
export function unexplained(differences: readonly Difference[], reasons: Reasons): string[] {
  const keys = new Set(differences.map(({ key }) => key));
  return [
    ...differences
      .filter(({ key }) => !Object.hasOwn(reasons, key))
      .map(({ key, here, there }) => `${key}: stand-in ${here}, official ${there}`),
    ...Object.keys(reasons)
      .filter((key) => !keys.has(key))
      .map((key) => `${key}: the reason given for a difference that is none`),
  ];
}
