import { z } from 'zod';
import { formatPath } from '../io/rpc/path.ts';
import type { Segment } from '../io/rpc/path.ts';
import { Unknown, UserError } from '../io/rpc/types.ts';
import type { CheckFailure, Inputs, Value } from '../io/rpc/types.ts';

const endpoint = {
  host: z.string().min(1),
  port: z.int().min(1).max(65_535).optional(),
  user: z.string().regex(/^[a-z_][a-z0-9_-]*$/, 'must be a login name such as ops'),
  privateKey: z.string().min(1),
  hostKey: z.string().min(1),
};

/** `connection` of all resources that reach a host. */
export const connectionSchema = z.strictObject({ ...endpoint, via: z.strictObject(endpoint).optional() });

/** What is wrong with inputs, as far as they are known: a fault at, under or above an unknown value is not one yet. */
export function checkInputs(schema: z.ZodType, news: Inputs): CheckFailure[] {
  const result = schema.safeParse(news);
  if (result.success) return [];
  return result.error.issues
    .filter((issue) => !touchesUnknown(news, issue.path))
    .map((issue) => ({ property: formatPath(segments(issue.path)), reason: issue.message }));
}

/** Inputs of an operation that is not a preview, typed. @throws UserError naming paths, never values: some are secret. */
export function parseInputs<Schema extends z.ZodType>(schema: Schema, inputs: Inputs): z.output<Schema> {
  const result = schema.safeParse(inputs);
  if (result.success) return result.data;
  const faults = result.error.issues.map(
    (issue) => `${formatPath(segments(issue.path)) || 'inputs'}: ${issue.message}`,
  );
  throw new UserError(`inputs cannot be used: ${faults.join('; ')}`);
}

/** Whether there is an unknown anywhere in a value. */
export function hasUnknown(value: Value): boolean {
  if (value instanceof Unknown) return true;
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((member: Value) => hasUnknown(member));
}

/** The named properties alone, those that are there. */
export function pick(inputs: Inputs, keys: readonly string[]): Inputs {
  return Object.fromEntries(Object.entries(inputs).filter(([key]) => keys.includes(key)));
}

/** A list of texts as a set: sorted, without doubles; anything else (an unknown) as it is. */
export function asSet(value: Value): Value {
  if (!Array.isArray(value)) return value;
  const texts = value.filter((item) => typeof item === 'string');
  return texts.length === value.length ? [...new Set(texts)].sort() : value;
}

function touchesUnknown(inputs: Inputs, path: readonly PropertyKey[]): boolean {
  let value: Value = inputs;
  for (const segment of path) {
    if (value instanceof Unknown) return true;
    if (typeof value !== 'object' || value === null) return false;
    value = Object.entries(value).find(([key]) => key === String(segment))?.[1];
  }
  return hasUnknown(value) && value !== inputs;
}

function segments(path: readonly PropertyKey[]): Segment[] {
  return path.map((segment) => (typeof segment === 'number' ? segment : String(segment)));
}

/** Text of a recorded property; undefined when it is not there or not known. */
export function textOf(inputs: Inputs, key: string): string | undefined {
  const value = inputs[key];
  return typeof value === 'string' ? value : undefined;
}
