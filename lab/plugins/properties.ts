import { createHash, randomBytes } from 'node:crypto';
import { diffInputs } from '../../io/rpc/diff.ts';
import {
  Unknown,
  UNKNOWN,
  type CheckFailure,
  type DiffAnswer,
  type Inputs,
  type PropertyDiff,
  type Value,
} from '../../io/rpc/types.ts';

/** What the plugin's schema says of one property. */
export interface PropertySpec {
  type: 'string' | 'number' | 'boolean' | 'list' | 'map';
  required?: true;
  /** A change replaces the resource. */
  replace?: true;
  /** Only these changes of the property replace it. */
  replaceWhen?: (state: Value, program: Value) => boolean;
  /** Absent in the program = what the cloud says stands, without a diff. */
  computed?: true;
  /** Order means nothing. */
  set?: true;
  /** What tells members of a set apart; by default all that is not empty in them. */
  key?: (member: Value) => string;
  default?: Value;
  /** Whether state and program mean the same. */
  equal?: (state: Value, program: Value) => boolean;
  /** A reason to refuse a known value. */
  refuse?: (value: Value) => string | undefined;
}

export interface ResourceSpec {
  /** Plugin framework rather than SDKv2: defaults are planned, never recorded as inputs, and replacements create first. */
  framework: boolean;
  /** Whether `name` is made up when absent (all types that have one). */
  named: boolean;
  properties: Record<string, PropertySpec>;
  /** Never inputs. */
  outputs: readonly string[];
}

export const DEFAULTS = '__defaults';

export function isObject(value: Value): value is Record<string, Value> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Unknown);
}

function hasUnknown(value: Value): boolean {
  if (value instanceof Unknown) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  return isObject(value) && Object.values(value).some(hasUnknown);
}

/** Ids are texts in Pulumi and numbers in these arguments; the bridge converts, and so do we. */
function coerce(spec: PropertySpec, value: Value): Value {
  if (spec.type === 'number' && typeof value === 'string' && /^-?\d+$/.test(value)) return Number(value);
  if (spec.type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  if (spec.type === 'string' && typeof value === 'number') return String(value);
  return value;
}

function typeFault(spec: PropertySpec, value: Value): string | undefined {
  if (value instanceof Unknown) return undefined;
  const actual = Array.isArray(value) ? 'list' : isObject(value) ? 'map' : typeof value;
  return actual === spec.type ? undefined : `expected a ${spec.type}, got a ${actual}`;
}

/** A name that there is stays, unless the program had chosen it, let other things default, and now leaves it out; an import counts as made up. */
function autoName(spec: ResourceSpec, name: string, olds: Inputs | undefined): Value {
  const defaulted = olds?.[DEFAULTS];
  const chosen = !spec.framework && Array.isArray(defaulted) && defaulted.length > 0 && !defaulted.includes('name');
  if (typeof olds?.name === 'string' && !chosen) return olds.name;
  return `${name}-${randomBytes(4).toString('hex').slice(0, 7)}`;
}

/** The bridge's Check: unknown and missing arguments refused, values converted, names and defaults filled in. */
export function checkInputs(
  spec: ResourceSpec,
  name: string,
  news: Inputs,
  olds: Inputs | undefined,
): { inputs: Inputs; failures: CheckFailure[] } {
  const failures: CheckFailure[] = [];
  const inputs: Inputs = {};
  for (const [property, value] of Object.entries(news)) {
    if (property === DEFAULTS || value === undefined || value === null) continue;
    const known = spec.properties[property];
    if (known === undefined) {
      failures.push({ property, reason: `An argument named "${property}" is not expected here` });
      continue;
    }
    const converted = coerce(known, value);
    const reason = typeFault(known, converted) ?? (hasUnknown(converted) ? undefined : known.refuse?.(converted));
    if (reason === undefined) inputs[property] = converted;
    else failures.push({ property, reason });
  }
  const defaulted: string[] = [];
  if (spec.named && inputs.name === undefined) {
    inputs.name = autoName(spec, name, olds);
    defaulted.push('name');
  }
  for (const [property, known] of Object.entries(spec.properties)) {
    if (inputs[property] !== undefined || failures.some((failure) => failure.property === property)) continue;
    if (known.required === true)
      failures.push({ property, reason: `The argument "${property}" is required, but no definition was found` });
    // The SDKv2 bridge leaves out defaults that mean nothing (false, 0, ""); the framework's bridge fills in none and keeps no list.
    else if (!spec.framework && !isEmpty(known.default)) {
      inputs[property] = known.default;
      defaulted.push(property);
    }
  }
  if (!spec.framework) inputs[DEFAULTS] = defaulted.sort();
  return { inputs, failures };
}

/** Stable text of a value: what is empty does not count, as in the plugin's sets. */
export function canonical(value: Value): string {
  if (isObject(value)) {
    const members = Object.entries(value).filter(([key, member]) => key !== DEFAULTS && !isEmpty(member));
    return `{${members
      .map(([key, member]) => `${key}:${canonical(member)}`)
      .sort()
      .join(',')}}`;
  }
  if (Array.isArray(value)) return `[${value.map(canonical).sort().join(',')}]`;
  return value instanceof Unknown ? '?' : JSON.stringify(value ?? null);
}

export function isEmpty(value: Value): boolean {
  if (value === undefined || value === null || value === '' || value === false || value === 0) return true;
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}

/** The order in which a set is sent: by hash, so never the program's. */
export function setOrder(values: readonly Value[]): Value[] {
  const key = (value: Value) => createHash('sha1').update(canonical(value)).digest('hex');
  return values.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

type Kind = 'add' | 'update' | 'delete';

function setDiff(property: string, old: Value, next: Value[], key: (member: Value) => string): Record<string, Kind> {
  const before = Array.isArray(old) ? old : [];
  const keysBefore = before.map(key);
  const keysAfter = next.map(key);
  const changes: Record<string, Kind> = {};
  keysBefore.forEach((key, index) => {
    if (!keysAfter.includes(key)) changes[`${property}[${index}]`] = 'delete';
  });
  keysAfter.forEach((key, index) => {
    const path = `${property}[${index}]`;
    if (!keysBefore.includes(key)) changes[path] = changes[path] === 'delete' ? 'update' : 'add';
  });
  return changes;
}

function propertyDiff(property: string, spec: PropertySpec, old: Value, next: Value): Record<string, Kind> {
  if (next instanceof Unknown) return { [property]: isEmpty(old) ? 'add' : 'update' };
  if (next === undefined || next === null)
    return spec.computed === true || isEmpty(old) ? {} : { [property]: 'delete' };
  if (spec.equal !== undefined && !hasUnknown(next))
    return spec.equal(old, next) ? {} : { [property]: isEmpty(old) ? 'add' : 'update' };
  if (isEmpty(old) && isEmpty(next)) return {};
  if (spec.set === true && Array.isArray(next)) return setDiff(property, old, next, spec.key ?? canonical);
  return diffInputs({ [property]: old }, { [property]: next });
}

/** The bridge's Diff: what the program asks for against what the cloud last answered. */
export function diffResource(spec: ResourceSpec, olds: Inputs, news: Inputs): DiffAnswer {
  const changes: Record<string, PropertyDiff> = {};
  let replaces = false;
  for (const [property, known] of Object.entries(spec.properties)) {
    const next = news[property] ?? known.default;
    const replacing = known.replace === true || known.replaceWhen?.(olds[property], next) === true;
    for (const [path, kind] of Object.entries(propertyDiff(property, known, olds[property], next))) {
      changes[path] = replacing ? `${kind}-replace` : kind;
      replaces ||= replacing;
    }
  }
  // A name that the program chose would collide: the SDKv2 bridge deletes first. The framework's has no such rule.
  const defaults = news[DEFAULTS];
  const explicitName = spec.named && Array.isArray(defaults) && !defaults.includes('name');
  return { changes, deleteBeforeReplace: replaces && explicitName && !spec.framework };
}

/** Top-level properties of a diff. */
export function changedProperties(spec: ResourceSpec, olds: Inputs, news: Inputs): Set<string> {
  return new Set(Object.keys(diffResource(spec, olds, news).changes).map((path) => path.split(/[.[]/, 1)[0] ?? path));
}

/** What a create will answer as far as it is known before: used for previews and for what is recorded of a half-made resource. */
export function plannedOutputs(spec: ResourceSpec, news: Inputs): Inputs {
  const planned: Inputs = {};
  for (const [property, known] of Object.entries(spec.properties)) {
    planned[property] = news[property] ?? known.default ?? (known.computed === true ? UNKNOWN : undefined);
  }
  for (const output of spec.outputs) planned[output] = UNKNOWN;
  return planned;
}
