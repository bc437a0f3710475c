import { rootOf } from '../../io/rpc/path.ts';
import type { Inputs, Value } from '../../io/rpc/types.ts';
import { Unknown } from '../../io/rpc/types.ts';
import type { Checked, Plugin, Recorded } from './plugin.ts';
import type { Decoded } from '../../io/rpc/values.ts';
import { Ref, type Change, type Example, type Property, type TypeExample, type TypeTable } from './types.ts';

/** The value that a plugin is handed. `ids` by type; a type that is not there has an id all the same, where no cloud is asked. */
function resolve(example: Example, ids: ReadonlyMap<string, string> | undefined): Value {
  if (example instanceof Ref) {
    const id = ids === undefined ? example.example : ids.get(example.type);
    if (id === undefined) throw new Error(`no ${example.type} was made before it is needed`);
    return example.as === 'number' ? Number(id) : id;
  }
  if (Array.isArray(example)) return example.map((item) => resolve(item, ids));
  return typeof example === 'object' && example !== null ? resolveAll(example, ids) : example;
}

export function resolveAll(examples: Record<string, Example>, ids: ReadonlyMap<string, string> | undefined): Inputs {
  return Object.fromEntries(Object.entries(examples).map(([property, value]) => [property, resolve(value, ids)]));
}

export const without = (values: Inputs, property: string): Inputs =>
  Object.fromEntries(Object.entries(values).filter(([key]) => key !== property));

/** No argument: the SDKv2 bridge (twice: not known at all, and an output), the framework's, and that of the command provider. */
const NO_ARGUMENT = /invalid or unknown key|unconfigurable attribute|is not expected here|unrecognized field/i;

/** Arguments without all those that may be left out, one after the other. */
export async function smallest(plugin: Plugin, token: string, args: Inputs): Promise<Inputs> {
  let least = args;
  for (const property of Object.keys(args)) {
    const fewer = without(least, property);
    if ((await plugin.check(token, fewer)).failures.length === 0) least = fewer;
  }
  return least;
}

/** Everything in `answer` that is not in `given`, as JSON by path. */
function additions(answer: Value, given: Value, path: string): Record<string, string> {
  if (given === undefined) return answer === undefined ? {} : { [path]: JSON.stringify(answer) };
  if (Array.isArray(answer) && Array.isArray(given))
    return Object.assign({}, ...answer.map((item, i) => additions(item, given[i], path))) as Record<string, string>;
  if (!isPlain(answer) || !isPlain(given)) return {};
  const members = Object.entries(answer).filter(([key]) => key !== '__defaults');
  return Object.assign(
    {},
    ...members.map(([key, value]) => additions(value, given[key], path === '' ? key : `${path}.${key}`)),
  ) as Record<string, string>;
}

const isPlain = (value: Value): value is Record<string, Value> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Unknown);

/** One accepted set of arguments, checked, as it stands in a state. */
interface Base {
  args: Inputs;
  others: Inputs;
  checked: Checked;
  plan: Decoded;
  old: Recorded;
}

/**
 * Asks a plugin what it does with every property of a type.
 * @param universe names to ask about beside those of the examples
 */
export async function askType(
  plugin: Plugin,
  token: string,
  example: TypeExample,
  universe: Iterable<string>,
): Promise<TypeTable> {
  const bases: Base[] = [];
  for (const set of example.sets) bases.push(await baseOf(plugin, token, set, example));
  const [first] = bases;
  if (first === undefined) throw new Error(`${token}: no set of arguments`);
  const planned = new Set(bases.flatMap(({ plan }) => Object.keys(plan.value).filter(isOutput)));
  const plannedSecrets = new Set(bases.flatMap(({ plan }) => plan.secrets.list()));
  const inputSecrets = bases.flatMap(({ checked }) => checked.secrets.list());
  const least = await smallest(plugin, token, first.args);
  const filled = (await plugin.check(token, least)).value;
  const defaults = additions(filled, least, '');

  const names = new Set([...planned, ...universe, ...bases.flatMap(({ args }) => Object.keys(args))]);
  const properties: Record<string, Property> = {};
  let deletesFirst: boolean | undefined;
  for (const name of [...names].sort()) {
    const answer = await askInput(plugin, token, name, bases);
    if (name !== 'name' && answer.change === 'replace') deletesFirst = (deletesFirst ?? false) || answer.deletesFirst;
    const auto = name === 'name' && filled.name !== undefined && least.name === undefined;
    const filledIn = auto ? 'auto' : defaults[name];
    properties[name] = {
      input: answer.input,
      required: answer.required,
      output: planned.has(name),
      secret: plannedSecrets.has(name) || inputSecrets.includes(name),
      ...(answer.change === undefined ? {} : { change: answer.change }),
      ...(answer.leftOut === undefined ? {} : { leftOut: answer.leftOut }),
      ...(filledIn === undefined ? {} : { default: filledIn }),
    };
  }
  const nestedDefaults = bases.map(({ checked, args }) => additions(checked.value, args, ''));
  const named = properties.name?.input === true;
  return {
    name: nameOf(token),
    token,
    properties,
    nested: {
      defaults: Object.fromEntries(
        nestedDefaults.flatMap((found) => Object.entries(found).filter(([path]) => path.includes('.'))),
      ),
      secrets: [...new Set(inputSecrets.filter((path) => path !== rootOf(path)))].sort(),
    },
    ...(named && deletesFirst !== undefined ? { deletesFirst } : {}),
  };
}

export const nameOf = (token: string): string => token.slice(token.lastIndexOf(':') + 1);

async function baseOf(
  plugin: Plugin,
  token: string,
  set: TypeExample['sets'][number],
  example: TypeExample,
): Promise<Base> {
  const values = (which: 0 | 1) =>
    resolveAll(Object.fromEntries(Object.entries(set).map(([key, pair]) => [key, pair[which]])), undefined);
  const [args, others] = [values(0), values(1)];
  const checked = await plugin.check(token, args);
  if (checked.failures.length > 0)
    throw new Error(
      `${token}: the example is refused: ${checked.failures.map(({ property, reason }) => `${property}: ${reason}`).join('; ')}`,
    );
  const plan = await plugin.planned(token, checked.value);
  const pick = (values: Inputs | undefined, is: (name: string) => boolean): Inputs =>
    Object.fromEntries(Object.entries(values ?? {}).filter(([name]) => is(name)));
  // What a state holds after a create: all that the plan knew, and what the cloud answers for the rest.
  const outputs = {
    ...pick(checked.value, isOutput),
    ...pick(plan.value, (name) => isOutput(name) && !(plan.value[name] instanceof Unknown)),
    ...pick(example.state, (name) => !(name in args)),
    ...pick(example.stored, (name) => name in args),
  };
  const old = { id: '4711', outputs, inputs: checked.value };
  const { changed } = await plugin.diff(token, old, checked.value);
  if (changed.size > 0)
    throw new Error(`${token}: the example plans a change by itself, of ${[...changed].join(', ')}`);
  return { args, others, checked, plan, old };
}

const isOutput = (name: string): boolean => name !== 'id' && !name.startsWith('__');

interface InputAnswer {
  input: boolean | 'refused';
  required: boolean;
  change?: Change;
  leftOut?: Change;
  deletesFirst: boolean;
}

async function askInput(plugin: Plugin, token: string, name: string, bases: readonly Base[]): Promise<InputAnswer> {
  const having = bases.filter(({ args }) => name in args);
  if (having.length === 0) return { ...(await askStranger(plugin, token, name, bases)), deletesFirst: false };
  const answer: InputAnswer = { input: true, required: having.length === bases.length, deletesFirst: false };
  for (const { args, others, old } of having) {
    const other = await plugin.check(token, { ...args, [name]: others[name] }, old.inputs);
    if (other.failures.length > 0)
      throw new Error(`${token}: the other ${name} is refused: ${other.failures[0]?.reason ?? ''}`);
    // An argument that takes one value only cannot change.
    if (JSON.stringify(others[name]) !== JSON.stringify(args[name])) {
      const diff = await plugin.diff(token, old, other.value);
      answer.change = strongest(answer.change, kindOf(diff.changed, diff.replacing, name));
      answer.deletesFirst ||= diff.deletesFirst;
    }
    const left = await plugin.check(token, without(args, name), old.inputs);
    if (left.failures.length > 0) continue;
    answer.required = false;
    const gone = await plugin.diff(token, old, left.value);
    answer.leftOut = strongest(answer.leftOut, kindOf(gone.changed, gone.replacing, name));
  }
  return answer;
}

/** A property that no example gives: an output, an argument that is refused whatever it is, or one that the example lacks. */
async function askStranger(
  plugin: Plugin,
  token: string,
  name: string,
  bases: readonly Base[],
): Promise<Pick<InputAnswer, 'input' | 'required'>> {
  const failures: string[] = [];
  for (const value of ['text', 1, true, ['text'], {}]) {
    const checked = await plugin.check(token, { ...bases[0]?.args, [name]: value });
    const said = checked.failures.map(({ reason }) => reason);
    if (said.length === 0 && name in checked.value) return { input: true, required: false };
    failures.push(...said);
  }
  const strange = failures.length === 0 || failures.some((reason) => NO_ARGUMENT.test(reason));
  return { input: strange ? false : 'refused', required: false };
}

function kindOf(changed: Set<string>, replacing: Set<string>, name: string): Change {
  // A replacement that the provider decided on in its code has no property of its own in the SDKv2 bridge.
  if (replacing.has(name) || (changed.has(name) && replacing.has('__meta'))) return 'replace';
  return changed.has(name) ? 'update' : 'nothing';
}

function strongest(a: Change | undefined, b: Change): Change {
  const order: Change[] = ['nothing', 'update', 'replace'];
  return a === undefined || order.indexOf(b) > order.indexOf(a) ? b : a;
}
