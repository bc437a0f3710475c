import type { DiffAnswer, Inputs, Operation, ProviderDefinition, ResourceHandler } from '../../../io/rpc/types.ts';

/** A resource as the engine records it. */
export interface Recorded {
  id: string;
  inputs: Inputs;
  outputs: Inputs;
}

/** Plays the engine's part for one resource at a time: check, diff, then the operation that follows. */
export async function drivePlugin<Client>(definition: ProviderDefinition<Client>, config: Inputs) {
  const client = await definition.configure(config);
  const logged: string[] = [];
  const operation = (name: string): Operation => ({
    urn: `urn:pulumi:staging::acme::type::${name}`,
    name,
    log: (severity, message) => void logged.push(`${severity}: ${message}`),
    status: () => undefined,
    signal: new AbortController().signal,
  });
  const handler = (type: string): ResourceHandler<Client> => {
    const found = Object.entries(definition.resources).find(([token]) => token.endsWith(`:${type}`))?.[1];
    if (found === undefined) throw new Error(`no type ${type}`);
    return found;
  };
  const check = async (type: string, name: string, args: Inputs, olds?: Inputs): Promise<Inputs> => {
    const { inputs, failures } = await handler(type).check(operation(name), args, olds, client);
    if (failures.length > 0)
      throw new Error(failures.map((failure) => `${failure.property}: ${failure.reason}`).join('; '));
    return inputs;
  };
  return {
    client,
    logged,
    handler,
    check,
    operation,
    create: async (type: string, name: string, args: Inputs): Promise<Recorded> => {
      const inputs = await check(type, name, args);
      return { inputs, ...(await handler(type).create(operation(name), inputs, false, client)) };
    },
    preview: async (type: string, name: string, args: Inputs): Promise<Inputs> =>
      (await handler(type).create(operation(name), await check(type, name, args), true, client)).outputs,
    diff: async (type: string, name: string, old: Recorded, args: Inputs): Promise<DiffAnswer> => {
      const inputs = await check(type, name, args, old.inputs);
      return handler(type).diff(operation(name), old.id, old.outputs, old.inputs, inputs, client);
    },
    update: async (type: string, name: string, old: Recorded, args: Inputs): Promise<Recorded> => {
      const inputs = await check(type, name, args, old.inputs);
      const { outputs } = await handler(type).update(
        operation(name),
        old.id,
        old.outputs,
        old.inputs,
        inputs,
        false,
        client,
      );
      return { id: old.id, inputs, outputs };
    },
    refresh: async (type: string, name: string, old: Recorded): Promise<Recorded | undefined> =>
      handler(type).read(operation(name), old.id, old.outputs, old.inputs, client),
    /** An import: nothing is known but the id. */
    adopt: async (type: string, name: string, id: string): Promise<Recorded | undefined> =>
      handler(type).read(operation(name), id, {}, {}, client),
    remove: async (type: string, name: string, old: Recorded): Promise<void> =>
      handler(type).delete(operation(name), old.id, old.outputs, old.inputs, client),
  };
}
