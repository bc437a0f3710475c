import {
  UNKNOWN,
  UserError,
  type CheckFailure,
  type Inputs,
  type ResourceHandler,
  type Value,
} from '../../../io/rpc/types.ts';
import { changedProperties, checkInputs, diffResource, plannedOutputs, type ResourceSpec } from '../properties.ts';
import { importedInputs, refreshedInputs } from '../read-inputs.ts';
import { UNCANCELLED } from '../uncancelled.ts';
import type { TailscaleClient } from './client.ts';

export interface Run {
  client: TailscaleClient;
  signal: AbortSignal;
}

/** A type's own part; the framework's part is `defineResource`. All of the official types are framework types. */
export interface Hooks {
  properties: ResourceSpec['properties'];
  outputs?: readonly string[];
  secretOutputs?: readonly string[];
  /** More refusals on known values. */
  validate?(inputs: Inputs): CheckFailure[];
  /** Replacement for another reason than a changed argument: the property that the engine shows. */
  replaceFor?(olds: Inputs, news: Inputs): string | undefined;
  /** `planned` are the arguments with defaults. Answers outputs beside the arguments. */
  create(run: Run, planned: Inputs): Promise<{ id: string; outputs?: Inputs }>;
  /** undefined = gone. `state` is empty for an import. */
  read(run: Run, id: string, state: Inputs): Promise<{ id?: string; outputs: Inputs } | undefined>;
  update(run: Run, id: string, olds: Inputs, planned: Inputs, changed: Set<string>): Promise<Inputs>;
  delete(run: Run, id: string, olds: Inputs): Promise<void>;
}

/** Names what failed before the reason, as the official plugin's diagnostics do. */
export async function explained<T>(summary: string, what: () => Promise<T>): Promise<T> {
  try {
    return await what();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${summary}: ${error.message}`, { cause: error });
  }
}

const known = (values: Inputs): Inputs =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== UNKNOWN && value !== undefined));

export function defineResource(hooks: Hooks): ResourceHandler<TailscaleClient> {
  const spec: ResourceSpec = {
    framework: true,
    named: false,
    properties: hooks.properties,
    outputs: hooks.outputs ?? [],
  };
  /** Arguments as the plan has them: unset computed ones keep what state knows. */
  const plan = (news: Inputs, olds: Inputs): Inputs => ({
    ...olds,
    ...cleared(olds, news),
    ...known(plannedOutputs({ ...spec, outputs: [] }, news)),
  });
  /** What was an argument and is none any more is gone, unless the service answers it. */
  const cleared = (olds: Inputs, news: Inputs): Inputs =>
    Object.fromEntries(
      Object.keys(olds)
        .filter(
          (key) =>
            spec.properties[key] !== undefined && spec.properties[key].computed !== true && news[key] === undefined,
        )
        .map((key) => [key, undefined]),
    );
  return {
    ...(hooks.secretOutputs === undefined ? {} : { secretOutputs: hooks.secretOutputs }),
    check: (op, news, olds) => {
      const { inputs, failures } = checkInputs(spec, op.name, news, olds);
      return Promise.resolve({ inputs, failures: failures.length > 0 ? failures : (hooks.validate?.(inputs) ?? []) });
    },
    diff: (_op, _id, olds, _oldInputs, news) => {
      const answer = diffResource(spec, olds, news);
      const reason = hooks.replaceFor?.(olds, news);
      if (reason !== undefined) answer.changes[reason] = 'update-replace';
      return Promise.resolve(answer);
    },
    create: async (op, news, preview, client) => {
      if (preview) return { id: '', outputs: plannedOutputs(spec, news) };
      const planned = plan(news, {});
      const made = await hooks.create({ client, signal: UNCANCELLED }, planned);
      return { id: made.id, outputs: { ...planned, ...made.outputs } };
    },
    read: async (op, id, outputs, inputs, client) => {
      const found = await hooks.read({ client, signal: UNCANCELLED }, id, outputs);
      if (found === undefined) return undefined;
      const merged = { ...outputs, ...found.outputs };
      const importing = Object.keys(inputs).length === 0;
      const answered = importing ? importedInputs(spec, merged) : refreshedInputs(spec, inputs, merged);
      return { id: found.id ?? id, outputs: merged, inputs: answered };
    },
    update: async (op, id, olds, _oldInputs, news, preview, client) => {
      const planned = plan(news, olds);
      if (preview) return { outputs: { ...planned, ...unknowns(spec, news) } };
      const answer = await hooks.update(
        { client, signal: UNCANCELLED },
        id,
        olds,
        planned,
        changedProperties(spec, olds, news),
      );
      return { outputs: { ...planned, ...answer } };
    },
    delete: (op, id, olds, _oldInputs, client) => hooks.delete({ client, signal: UNCANCELLED }, id, olds),
  };
}

/** Arguments that this preview does not know yet stay so. */
const unknowns = (spec: ResourceSpec, news: Inputs): Inputs =>
  Object.fromEntries(
    Object.keys(spec.properties)
      .filter((key) => news[key] === UNKNOWN)
      .map((key) => [key, UNKNOWN]),
  );

export function text(values: Inputs, property: string): string {
  const value = values[property];
  return typeof value === 'string' ? value : '';
}

export const flag = (value: Value): boolean => value === true;

export const texts = (value: Value): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
