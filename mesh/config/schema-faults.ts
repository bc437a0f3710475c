import type { z } from 'zod';
import { choice, fault, showPath, type Fault, type Path } from './fault.ts';
import { meshSchema } from './schema.ts';

type Raw = Record<string, unknown>;
export const isMapping = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Value at a path, undefined where nothing stands. */
function valueAt(root: unknown, path: Path): unknown {
  let here = root;
  for (const key of path) {
    if (Array.isArray(here) && typeof key === 'number') here = (here as unknown[])[key];
    else if (isMapping(here) && Object.hasOwn(here, key)) here = here[String(key)];
    else return undefined;
  }
  return here;
}

/** Everything that the schema alone refuses, in words. */
export function schemaFaults(raw: Raw): Fault[] {
  const result = meshSchema.safeParse(raw);
  if (result.success) return [];
  return result.error.issues.flatMap((issue) => explain(issue, raw, [], meshSchema));
}

function explain(issue: z.core.$ZodIssue, raw: Raw, base: Path, root: z.ZodType): Fault[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(root, issue.path);
    // The value of an unknown key stays hidden: it may be a credential under a misspelt name.
    return issue.keys.map((key) => ({
      path: showPath([...path, key]),
      value: '(not shown)',
      problem: 'is not a key that site-mesh knows',
      remedy: choice(key, known, 'remove it'),
    }));
  }
  if (issue.code === 'invalid_key') {
    const name = path.at(-1);
    const [problem, remedy] = words(issue.issues[0]?.message ?? '');
    // zod stops at a bad key; its reader wants the faults below it too.
    const value = elementAt(root, issue.path);
    const below = value?.safeParse(valueAt(raw, path));
    const inner =
      below?.success === false && value ? below.error.issues.flatMap((one) => explain(one, raw, path, value)) : [];
    return [fault(path, name, problem, remedy), ...inner];
  }
  const [problem, remedy] = words(issue.message);
  return [fault(path, valueAt(raw, path), problem, remedy)];
}

function words(message: string): [string, string] {
  const [problem = '', remedy] = message.split('\n');
  return [problem, remedy ?? 'correct the value'];
}

/** The schema below one key, through the wrappers of zod. */
function step(schema: z.ZodType, key: PropertyKey): z.ZodType | undefined {
  const bare = unwrap(schema);
  if (bare.type === 'object') return (bare as z.ZodObject).shape[String(key)] as z.ZodType | undefined;
  if (bare.type === 'array') return (bare as z.ZodArray<z.ZodType>).element;
  if (bare.type === 'record') return (bare as z.ZodRecord<z.ZodString, z.ZodType>).valueType;
  return undefined;
}

function unwrap(schema: z.ZodType): z.ZodType {
  if (schema.type !== 'default' && schema.type !== 'optional') return schema;
  return unwrap((schema as z.ZodDefault<z.ZodType> | z.ZodOptional<z.ZodType>).unwrap());
}

function elementAt(root: z.ZodType, path: Path): z.ZodType | undefined {
  let here: z.ZodType | undefined = root;
  for (const key of path) here = here && step(here, key);
  return here;
}

function keysAt(root: z.ZodType, path: Path): string[] {
  const schema = elementAt(root, path);
  const bare = schema && unwrap(schema);
  return bare?.type === 'object' ? Object.keys((bare as z.ZodObject).shape) : [];
}
