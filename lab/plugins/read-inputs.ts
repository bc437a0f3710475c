import { canonical, DEFAULTS, isEmpty, isObject, type PropertySpec, type ResourceSpec } from './properties.ts';
import type { Inputs, Value } from '../../io/rpc/types.ts';

/** Inputs that an import is given: every argument that the cloud answers, without what may be left out and says nothing. */
export function importedInputs(spec: ResourceSpec, outputs: Inputs): Inputs {
  const inputs: Inputs = spec.framework ? {} : { [DEFAULTS]: [] };
  for (const [property, known] of Object.entries(spec.properties)) {
    const value = outputs[property];
    const saysNothing = known.default === undefined ? isEmpty(value) : canonical(value) === canonical(known.default);
    if (known.required === true || !saysNothing) inputs[property] = value;
  }
  return inputs;
}

/**
 * Inputs as a refresh leaves them: of what the program gave, what the cloud answers now. Members that somebody added to a
 * list or an object are not among them, and a default that is no longer the value is no default.
 */
export function refreshedInputs(spec: ResourceSpec, inputs: Inputs, outputs: Inputs): Inputs {
  const next: Inputs = {};
  for (const [property, said] of Object.entries(inputs)) {
    const known = spec.properties[property];
    if (known === undefined) next[property] = said;
    else if (outputs[property] !== undefined && outputs[property] !== null)
      next[property] = answered(said, outputs[property], spec.framework ? undefined : known);
  }
  const defaults = inputs[DEFAULTS];
  if (!Array.isArray(defaults)) return next;
  const unchanged = defaults.filter((name) => typeof name === 'string' && same(inputs[name], next[name]));
  // The list is left out when it is empty, so that the next Check takes every old value for a default.
  if (unchanged.length > 0) return { ...next, [DEFAULTS]: unchanged };
  return Object.fromEntries(Object.entries(next).filter(([key]) => key !== DEFAULTS));
}

const same = (a: Value, b: Value): boolean => JSON.stringify(a) === JSON.stringify(b);

/** @param known of the argument as a whole; undefined below it */
function answered(said: Value, now: Value, known: PropertySpec | undefined): Value {
  if (Array.isArray(said) && Array.isArray(now)) return answeredList(said, now, known?.set === true);
  if (isObject(said) && isObject(now)) {
    const kept = Object.entries(said).filter(([key]) => key in now);
    return Object.fromEntries(kept.map(([key, value]) => [key, answered(value, now[key], undefined)]));
  }
  // A text that state holds in another form (a hash, lower case) is the program's as long as it means the same.
  return typeof said === 'string' && known?.equal?.(now, said) === true ? said : now;
}

function answeredList(said: readonly Value[], now: readonly Value[], set: boolean): Value[] {
  const objects = set && [...said, ...now].every(isObject);
  const partners = objects ? partnersOf(said.filter(isObject), now.filter(isObject)) : said.map((_, index) => index);
  return said.flatMap((item, index) => {
    const partner = now[partners[index] ?? -1];
    return partner === undefined ? [] : [answered(item, partner, undefined)];
  });
}

/** For each member of a set the one of the other that has most in common with it, each at most once. */
function partnersOf(some: readonly Record<string, Value>[], others: readonly Record<string, Value>[]): number[] {
  const pairs = some.flatMap((one, from) =>
    others.map((other, to) => {
      const common = Object.keys(one).filter((key) => key in other);
      const alike = common.filter((key) => same(one[key], other[key]));
      return { from, to, score: common.length + 2 * alike.length };
    }),
  );
  const found: number[] = [];
  for (const { from, to } of pairs.sort((a, b) => b.score - a.score))
    if (found[from] === undefined && !found.includes(to)) found[from] = to;
  return found;
}
