import structPb from 'google-protobuf/google/protobuf/struct_pb.js';
import type { ListValue, Struct, Value as WireValue } from 'google-protobuf/google/protobuf/struct_pb.js';
import type { Segment } from './path.ts';
import { formatPath } from './path.ts';
import type { Redactor } from './secrets.ts';
import { SecretPaths } from './secrets.ts';
import type { Inputs, Value } from './types.ts';
import { UNKNOWN, Unknown, UserError } from './types.ts';

/** The key that makes an object something else than an object (sdk/go/common/resource/sig). */
const SIGNATURE = '4dabf18193072939515e22adb298388d';
const SECRET = '1b47061264138c4ac30d75fd1eb44270';
const OUTPUT_VALUE = 'd0e6a833031e9bbcd3f4e8bde6ca49a4';
const RESOURCE_REFERENCE = '5cf8f73096256a8f31e491e813e4eb8e';
const NOT_CARRIED = new Map([
  ['c44067f5952c0a294b673a41bacd8c17', 'an asset'],
  ['0def7320c3a5731c473e5ecbe6d01bc7', 'an archive'],
]);

/** Sentinels by the type that the value will have; the engine makes one per type and any of them means "not known yet". */
const UNKNOWN_STRING = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';
const UNKNOWNS = new Set([
  UNKNOWN_STRING,
  '1c4a061d-8072-4f0a-a4cb-0ff528b18fe7', // bool
  '3eeb2bf0-c639-47a8-9e75-3b44932eb421', // number
  '6a19a0b0-7e62-4c92-b797-7f8e31da9cc2', // array
  '030794c1-ac77-496b-92df-f27374a8bd58', // asset
  'e48ece36-62e2-4504-bad9-02848725956a', // archive
  'dd056dcd-154b-4c76-9bd3-c8f88648b5ff', // object
]);

export interface Decoded {
  value: Inputs;
  /** Paths that arrived as secrets. A list with a secret in it counts as secret as a whole, for providers reorder lists. */
  secrets: SecretPaths;
}

/**
 * Plain values of a wire struct; `undefined` decodes as empty. Secrets are unwrapped (and remembered by `redactor`),
 * every unknown sentinel becomes UNKNOWN, a resource reference its id (its URN when it has none, as components).
 * Throws UserError, naming the path, for assets, archives and byte strings.
 */
export function decodeStruct(struct: Struct | undefined, redactor?: Redactor): Decoded {
  const secrets = new SecretPaths();
  const found = (path: readonly Segment[], value: Value): void => {
    secrets.add(formatPath(path));
    redactor?.remember(value);
  };
  return { value: decodeFields(struct, [], secrets, found), secrets };
}

type Found = (path: readonly Segment[], value: Value) => void;

function decodeFields(
  struct: Struct | undefined,
  path: readonly Segment[],
  secrets: SecretPaths,
  found: Found,
): Inputs {
  if (struct === undefined) return {};
  const entries: [string, Value][] = [];
  struct.getFieldsMap().forEach((field, key) => entries.push([key, decode(field, [...path, key], secrets, found)]));
  return Object.fromEntries(entries);
}

function decode(wire: WireValue, path: readonly Segment[], secrets: SecretPaths, found: Found): Value {
  switch (wire.getKindCase()) {
    case structPb.Value.KindCase.KIND_NOT_SET:
    case structPb.Value.KindCase.NULL_VALUE:
      return null;
    case structPb.Value.KindCase.NUMBER_VALUE:
      return wire.getNumberValue();
    case structPb.Value.KindCase.BOOL_VALUE:
      return wire.getBoolValue();
    case structPb.Value.KindCase.STRING_VALUE: {
      const text = wire.getStringValue();
      return UNKNOWNS.has(text) ? UNKNOWN : text;
    }
    case structPb.Value.KindCase.LIST_VALUE:
      return decodeList(wire.getListValue(), path, secrets, found);
    case structPb.Value.KindCase.STRUCT_VALUE:
      return decodeObject(wire.getStructValue(), path, secrets, found);
  }
}

function decodeList(
  list: ListValue | undefined,
  path: readonly Segment[],
  secrets: SecretPaths,
  found: Found,
): Value[] {
  const before = secrets.size;
  const items = (list?.getValuesList() ?? []).map((item, index) => decode(item, [...path, index], secrets, found));
  if (secrets.size > before) secrets.add(formatPath(path));
  return items;
}

function decodeObject(struct: Struct | undefined, path: readonly Segment[], secrets: SecretPaths, found: Found): Value {
  const fields = struct?.getFieldsMap();
  const signature = fields?.get(SIGNATURE)?.getStringValue();
  if (fields === undefined || signature === undefined) return decodeFields(struct, path, secrets, found);
  const member = (key: string): Value => {
    const field = fields.get(key);
    return field === undefined ? undefined : decode(field, path, secrets, found);
  };
  switch (signature) {
    case SECRET: {
      const value = member('value');
      found(path, value);
      return value;
    }
    case OUTPUT_VALUE: {
      const value = fields.has('value') ? member('value') : UNKNOWN;
      if (fields.get('secret')?.getBoolValue() === true) found(path, value);
      return value;
    }
    case RESOURCE_REFERENCE: {
      if (!fields.has('id')) return member('urn');
      const id = member('id');
      return id === '' ? UNKNOWN : id; // the engine writes an id that is not known yet as an empty one
    }
    default:
      throw new UserError(
        `${formatPath(path)}: ${NOT_CARRIED.get(signature) ?? `a value of signature ${signature}`} cannot be handed to this provider; give a string instead`,
      );
  }
}

interface EncodeOptions {
  secrets?: SecretPaths;
  /** `reject` outside previews: the engine would refuse the whole answer, after the resource was made. */
  unknowns?: 'keep' | 'reject';
}

/**
 * The wire form. Members that are `undefined` are left out; values at secret paths are marked.
 * Throws Error, naming the path, for what cannot be carried: NaN, infinities, class instances, functions, and
 * unknowns when they are rejected.
 */
export function encodeStruct(values: Inputs, options: EncodeOptions = {}): Struct {
  return encodeFields(values, [], {
    secrets: options.secrets ?? new SecretPaths(),
    unknowns: options.unknowns ?? 'keep',
  });
}

function encodeFields(values: Inputs, path: readonly Segment[], options: Required<EncodeOptions>): Struct {
  const struct = new structPb.Struct();
  const fields = struct.getFieldsMap();
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined) fields.set(key, encode(value, [...path, key], options));
  }
  return struct;
}

function encode(value: Value, path: readonly Segment[], options: Required<EncodeOptions>): WireValue {
  if (!options.secrets.has(formatPath(path))) return encodePlain(value, path, options);
  // Inside a secret everything is: one mark is enough, and the engine shows it as one.
  const inner = encodePlain(value, path, { ...options, secrets: new SecretPaths() });
  const struct = new structPb.Struct();
  struct.getFieldsMap().set(SIGNATURE, new structPb.Value().setStringValue(SECRET));
  struct.getFieldsMap().set('value', inner);
  return new structPb.Value().setStructValue(struct);
}

function encodePlain(value: Value, path: readonly Segment[], options: Required<EncodeOptions>): WireValue {
  const wire = new structPb.Value();
  if (value === undefined || value === null) return wire.setNullValue(structPb.NullValue.NULL_VALUE);
  if (typeof value === 'string') return wire.setStringValue(value);
  if (typeof value === 'boolean') return wire.setBoolValue(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new Error(`${formatPath(path)}: ${value} cannot be stored`);
    return wire.setNumberValue(value);
  }
  if (value instanceof Unknown) {
    if (options.unknowns === 'reject') throw new Error(`${formatPath(path)}: not known although the operation is over`);
    return wire.setStringValue(UNKNOWN_STRING);
  }
  if (Array.isArray(value)) {
    const items = value.map((item, index) => encode(item, [...path, index], options));
    return wire.setListValue(new structPb.ListValue().setValuesList(items));
  }
  if (!isPlainObject(value)) throw new Error(`${formatPath(path)}: not plain data`);
  return wire.setStructValue(encodeFields(value, path, options));
}

// Types say so already, but a Map or a Date that slipped in through a cast would be stored as an empty object.
function isPlainObject(value: Value): value is Inputs {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The values without what `encodeStruct` refuses (unknowns, NaN, class instances); such list items become null. */
export function knownOnly(values: Inputs): Inputs {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, strip(value)]));
}

function strip(value: Value): Value {
  if (Array.isArray(value)) return value.map((item) => strip(item) ?? null);
  if (value !== null && typeof value === 'object') return isPlainObject(value) ? knownOnly(value) : undefined;
  return typeof value === 'number' && !Number.isFinite(value) ? undefined : value;
}

/** True when there is a value (null counts as none) at the top-level property. */
export function hasProperty(values: Inputs, property: string): boolean {
  return Object.hasOwn(values, property) && values[property] !== undefined && values[property] !== null;
}
