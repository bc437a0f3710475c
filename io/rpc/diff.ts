import type { Segment } from './path.ts';
import { formatPath } from './path.ts';
import type { Inputs, Value } from './types.ts';
import { Unknown } from './types.ts';

type InputDiff = Record<string, 'add' | 'update' | 'delete'>;

/**
 * What differs, by property path of the deepest value that differs: `{'files["/etc/x"].content': 'update'}`.
 * Lists are compared by position. `null`, `undefined` and a missing member are the same. An UNKNOWN in `news` is an
 * update (an add where there was nothing), for whoever acts on the answer must be ready for any value.
 */
export function diffInputs(olds: Inputs, news: Inputs): InputDiff {
  const changes = new Map<string, 'add' | 'update' | 'delete'>();
  compareObjects(olds, news, [], (path, kind) => changes.set(formatPath(path), kind));
  return Object.fromEntries([...changes].sort(([a], [b]) => (a < b ? -1 : 1)));
}

type Report = (path: readonly Segment[], kind: 'add' | 'update' | 'delete') => void;

function compareObjects(olds: Inputs, news: Inputs, path: readonly Segment[], report: Report): void {
  for (const key of new Set([...Object.keys(olds), ...Object.keys(news)])) {
    compare(member(olds, key), member(news, key), [...path, key], report);
  }
}

// Not `object[key]`: a key such as `constructor` would be found on the prototype.
function member(object: Inputs, key: string): Value {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function compare(old: Value, value: Value, path: readonly Segment[], report: Report): void {
  const before = old ?? undefined;
  const after = value ?? undefined;
  if (before === undefined || after === undefined) {
    if (before !== undefined) report(path, 'delete');
    if (after !== undefined) report(path, 'add');
  } else if (after instanceof Unknown || before instanceof Unknown) {
    report(path, 'update');
  } else if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    for (let index = 0; index < length; index += 1) compareItems(before, after, index, path, report);
  } else if (isObject(before) && isObject(after)) {
    compareObjects(before, after, path, report);
  } else if (before !== after) {
    report(path, 'update');
  }
}

/** Past the end is an add or a delete; within both lists a null is a value like any other. */
function compareItems(before: Value[], after: Value[], index: number, path: readonly Segment[], report: Report): void {
  const at = [...path, index];
  if (index >= before.length) report(at, 'add');
  else if (index >= after.length) report(at, 'delete');
  else if ((before[index] ?? null) === null || (after[index] ?? null) === null) {
    if ((before[index] ?? null) !== (after[index] ?? null)) report(at, 'update');
  } else compare(before[index], after[index], at, report);
}

function isObject(value: Value): value is Record<string, Value> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Unknown);
}
