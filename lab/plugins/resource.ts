import {
  PartialFailure,
  Unknown,
  UNKNOWN,
  UserError,
  type CheckFailure,
  type Inputs,
  type Operation,
  type ResourceHandler,
  type Value,
} from '../../io/rpc/types.ts';
import { changedProperties, checkInputs, diffResource, plannedOutputs, type ResourceSpec } from './properties.ts';
import { importedInputs, refreshedInputs } from './read-inputs.ts';
import { UNCANCELLED } from './uncancelled.ts';

/** One operation on one resource. */
export interface Run<Client> {
  client: Client;
  signal: AbortSignal;
  op: Operation;
}

interface Hooks<Client> {
  /** Refusals that concern several properties. */
  validate?(inputs: Inputs, op: Operation): CheckFailure[];
  /** Makes it. `made` is told the id as soon as the plugin would record it. Without outputs a read follows. */
  create(run: Run<Client>, news: Inputs, made: (id: string) => void): Promise<{ id: string; outputs?: Inputs }>;
  /** undefined = gone. `state` are the last outputs, or the inputs while creating. */
  read(run: Run<Client>, id: string, state: Inputs): Promise<Inputs | undefined>;
  /** `changed` are the properties whose value in `news` is another one than in `olds`. Without outputs a read follows. */
  update(run: Run<Client>, id: string, olds: Inputs, news: Inputs, changed: Set<string>): Promise<Inputs | undefined>;
  delete(run: Run<Client>, id: string, olds: Inputs): Promise<void>;
  /**
   * The plugin's importer, where it does more than take the id: answers the id and the state that read begins with.
   * undefined = it cannot be imported, which the bridge tells as "does not exist", whatever the reason.
   */
  adopt?(run: Run<Client>, id: string): Promise<{ id: string; state: Inputs } | undefined>;
}

/** What state keeps of inputs that a read never answers (keepDisk, sshKeys, …). */
function withState(spec: ResourceSpec, state: Inputs, answer: Inputs): Inputs {
  const kept = Object.entries(state).filter(([property]) => property in spec.properties);
  return { ...Object.fromEntries(kept), ...answer };
}

function withoutUnknowns(values: Inputs): Inputs {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => !(value instanceof Unknown)));
}

/** A resource type of the stand-in: the bridge's part once, the type's own calls from its hooks. */
export function defineResource<Client>(spec: ResourceSpec, hooks: Hooks<Client>): ResourceHandler<Client> {
  const state = (inputs: Inputs): Inputs => withoutUnknowns(plannedOutputs(spec, inputs));
  const readAfter = async (run: Run<Client>, id: string, known: Inputs): Promise<Inputs> => {
    const outputs = await hooks.read(run, id, known);
    if (outputs === undefined)
      throw new UserError(
        `${run.op.name}: expected non-nil error with nil state: ${id} is gone right after the call that made or changed it`,
      );
    return withState(spec, known, outputs);
  };
  return {
    check: (op, news, olds) => {
      const { inputs, failures } = checkInputs(spec, op.name, news, olds);
      return Promise.resolve({
        inputs,
        failures: [...failures, ...(failures.length === 0 ? (hooks.validate?.(inputs, op) ?? []) : [])],
      });
    },
    diff: (_op, _id, olds, _oldInputs, news) => Promise.resolve(diffResource(spec, olds, news)),
    create: async (op, news, preview, client) => {
      if (preview) return { id: '', outputs: plannedOutputs(spec, news) };
      const run = { client, signal: UNCANCELLED, op };
      let known: string | undefined;
      try {
        const made = await hooks.create(run, news, (id) => (known = id));
        known = made.id;
        const outputs =
          made.outputs === undefined
            ? await readAfter(run, made.id, state(news))
            : withState(spec, state(news), made.outputs);
        return { id: made.id, outputs };
      } catch (error) {
        if (known === undefined || !(error instanceof UserError)) throw error;
        throw new PartialFailure(known, state(news), [error.message]);
      }
    },
    read: async (op, id, outputs, inputs, client) => {
      const run = { client, signal: UNCANCELLED, op };
      const importing = Object.keys(outputs).length === 0;
      const adopted = importing && hooks.adopt !== undefined ? await hooks.adopt(run, id) : { id, state: outputs };
      if (adopted === undefined) return undefined;
      const { id: known, state } = adopted;
      const found = await hooks.read(run, known, state);
      if (found === undefined) return undefined;
      const merged = withState(spec, state, found);
      const answered = importing ? importedInputs(spec, merged) : refreshedInputs(spec, inputs, merged);
      return { id: known, outputs: merged, inputs: answered };
    },
    update: async (op, id, olds, _oldInputs, news, preview, client) => {
      const next = withState(spec, { ...olds, ...news }, {});
      if (preview) return { outputs: { ...olds, ...next, ...unplanned(spec, news) } };
      const run = { client, signal: UNCANCELLED, op };
      const answer = await hooks.update(run, id, olds, news, changedProperties(spec, olds, news));
      const known = withState(spec, olds, state(news));
      return { outputs: answer === undefined ? await readAfter(run, id, known) : withState(spec, known, answer) };
    },
    delete: async (op, id, olds, _oldInputs, client) => hooks.delete({ client, signal: UNCANCELLED, op }, id, olds),
  };
}

/** In the framework a computed argument that the program leaves out becomes unknown with any change of the resource. */
function unplanned(spec: ResourceSpec, news: Inputs): Inputs {
  if (!spec.framework) return {};
  const open = Object.entries(spec.properties).filter(
    ([property, known]) =>
      known.computed === true &&
      known.replace === undefined &&
      known.default === undefined &&
      news[property] === undefined,
  );
  return Object.fromEntries(open.map(([property]) => [property, UNKNOWN]));
}

/** Arguments as the API takes them; only called on checked inputs, so a wrong type is a bug. */
export function text(inputs: Inputs, property: string): string {
  const value = inputs[property];
  if (typeof value !== 'string') throw new Error(`${property} is not a text`);
  return value;
}

/** A value for a message. */
export function shown(value: Value): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

export function number(inputs: Inputs, property: string): number {
  const value = inputs[property];
  if (typeof value !== 'number') throw new Error(`${property} is not a number`);
  return value;
}

export function list(value: Value): Value[] {
  return Array.isArray(value) ? value : [];
}

export function texts(value: Value): string[] {
  return list(value).map((item) => {
    if (typeof item !== 'string') throw new Error('a list holds something that is not a text');
    return item;
  });
}

export function numbers(value: Value): number[] {
  return list(value).map(Number);
}

export function flag(value: Value): boolean {
  return value === true;
}

/** Labels as a map of texts. */
export function labels(value: Value): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Unknown) return {};
  return Object.fromEntries(
    Object.entries(value).map(([key, label]) => [key, typeof label === 'string' ? label : JSON.stringify(label)]),
  );
}
