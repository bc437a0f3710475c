/** Reading plain data with every fault noted and its path, so that all of them come at once. */
import type { Json } from './hujson.ts';
import type { PolicyFault } from './types.ts';

export type JsonObject = Record<string, Json>;

export class Faults {
  readonly list: PolicyFault[] = [];
  add(path: string, message: string): undefined {
    this.list.push({ path, message });
    return undefined;
  }
}

const what = (value: Json | undefined): string =>
  value === undefined
    ? 'nothing'
    : value === null
      ? 'null'
      : Array.isArray(value)
        ? 'a list'
        : typeof value === 'object'
          ? 'an object'
          : `a ${typeof value}`;

/** The object at `path` with only `known` fields; a field the service does not know makes it refuse the whole text. */
export function readObject(
  value: Json | undefined,
  path: string,
  known: readonly string[] | undefined,
  faults: Faults,
): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    faults.add(path, `json: an object must stand here, not ${what(value)}`);
    return {};
  }
  if (known !== undefined)
    for (const key of Object.keys(value)) {
      if (!known.includes(key))
        faults.add(path === '' ? key : `${path}.${key}`, `json: unknown field ${JSON.stringify(key)}`);
    }
  // Go's decoder takes null for a field that is not there.
  return Object.fromEntries(Object.entries(value).filter(([, held]) => held !== null));
}

export function readList(value: Json | undefined, path: string, faults: Faults): Json[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    faults.add(path, `json: a list must stand here, not ${what(value)}`);
    return [];
  }
  return value;
}

export function readString(value: Json | undefined, path: string, faults: Faults): string {
  if (typeof value === 'string') return value;
  faults.add(path, `json: a string must stand here, not ${what(value)}`);
  return '';
}

/** Entries that are no strings are noted and left out. */
export function readStrings(value: Json | undefined, path: string, faults: Faults): { text: string; path: string }[] {
  return readList(value, path, faults).flatMap((entry, index) => {
    const where = `${path}[${index}]`;
    if (typeof entry === 'string') return [{ text: entry, path: where }];
    readString(entry, where, faults);
    return [];
  });
}
