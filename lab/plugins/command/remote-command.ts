import { randomBytes } from 'node:crypto';
import { diffInputs } from '../../../io/rpc/diff.ts';
import { UNKNOWN, type DiffAnswer, type Inputs, type Operation, type ResourceHandler } from '../../../io/rpc/types.ts';
import { isObject } from '../properties.ts';
import { dial } from './dial.ts';
import { checkCommand, readConnection } from './inputs.ts';
import { run } from './run.ts';

const text = (inputs: Inputs, property: string): string | undefined => {
  const value = inputs[property];
  return typeof value === 'string' ? value : undefined;
};

type Output = { stdout: string; stderr: string };

const lastOutput = (state: Inputs): Output => ({
  stdout: text(state, 'stdout') ?? '',
  stderr: text(state, 'stderr') ?? '',
});

/** Logs in and runs one of the commands. */
async function perform(op: Operation, command: string, inputs: Inputs, previous: Output): Promise<Output> {
  const login = await dial(op, readConnection(inputs.connection));
  try {
    const environment = Object.entries(isObject(inputs.environment) ? inputs.environment : {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    return await run(op, login.client, {
      command,
      stdin: text(inputs, 'stdin') ?? '',
      environment: Object.fromEntries(environment),
      previous: inputs.addPreviousOutputInEnv === false ? { stdout: '', stderr: '' } : previous,
      logging: text(inputs, 'logging'),
    });
  } finally {
    login.close();
  }
}

const NOTHING: Output = { stdout: '', stderr: '' };
const NOT_YET: Inputs = { stdout: UNKNOWN, stderr: UNKNOWN };

/**
 * command:remote:Command. A failure records nothing, so the next update tries again. The connection is an argument like any
 * other: another key is a change, and runs the command.
 */
export const remoteCommand: ResourceHandler<undefined> = {
  secretInputs: ['connection'],
  secretOutputs: ['connection'],
  check: (_op, news) => Promise.resolve(checkCommand(news)),
  diff: (_op, _id, _olds, oldInputs, news) => {
    const changes: DiffAnswer['changes'] = {};
    for (const [path, kind] of Object.entries(diffInputs(oldInputs, news))) {
      // The list as such replaces by the plugin's word, its members by the SDK's own (replaceOnChanges).
      changes[path] = path === 'triggers' ? `${kind}-replace` : kind;
    }
    return Promise.resolve({ changes });
  },
  create: async (op, news, preview) => {
    if (preview) return { id: '', outputs: { ...news, ...NOT_YET } };
    const command = text(news, 'create');
    const output = command === undefined ? NOTHING : await perform(op, command, news, NOTHING);
    return { id: `${op.name}${randomBytes(4).toString('hex')}`, outputs: { ...news, ...output } };
  },
  read: (_op, id, outputs, inputs) => Promise.resolve({ id, outputs, inputs }),
  update: async (op, _id, olds, _oldInputs, news, preview) => {
    if (preview) return { outputs: { ...news, ...NOT_YET } };
    const command = text(news, 'update') ?? text(news, 'create');
    const before = lastOutput(olds);
    return { outputs: { ...news, ...(command === undefined ? before : await perform(op, command, news, before)) } };
  },
  delete: async (op, _id, olds) => {
    const command = text(olds, 'delete');
    if (command !== undefined) await perform(op, command, olds, lastOutput(olds));
  },
};
