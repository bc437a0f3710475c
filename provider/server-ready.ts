import { z } from 'zod';
import { hcloud } from '../io/hcloud/client.ts';
import type { Hcloud, Server } from '../io/hcloud/client.ts';
import { HcloudError } from '../io/hcloud/errors.ts';
import { diffInputs } from '../io/rpc/diff.ts';
import { UNKNOWN, Unknown, UserError } from '../io/rpc/types.ts';
import type { DiffAnswer, Inputs, Operation, ResourceHandler } from '../io/rpc/types.ts';
import { pause } from '../io/wait.ts';
import type { MeshClient } from './client.ts';
import { signalOf } from './hosts.ts';
import { checkInputs, parseInputs, pick } from './schema.ts';

const schema = z.strictObject({
  cloud: z.literal('hetzner'),
  serverId: z.string().regex(/^\d+$/, 'must be the number that Hetzner gave the server'),
  serverType: z.string().min(1),
  host: z.string().min(1),
  token: z.string().min(1),
  endpoint: z.url({ protocol: /^https?$/ }).optional(),
});
type Args = z.output<typeof schema>;

/** A change of these alone is how the cloud is asked: it updates the record and touches no server. */
const RECORD_INPUTS = ['host', 'token', 'endpoint'];
const READY_SECONDS = 300;
const PAUSE_SECONDS = 1;

/** A server that is on. Made after each resize; deleted with nothing to do. */
export const serverReady: ResourceHandler<MeshClient> = {
  secretOutputs: ['token'],

  check: (_op, news) => Promise.resolve({ inputs: news, failures: checkInputs(schema, news) }),

  diff: (_op, _id, olds, _oldInputs, news) => {
    const inputs = [...RECORD_INPUTS, 'serverType'];
    const answer: DiffAnswer = { changes: { ...diffInputs(pick(olds, inputs), pick(news, inputs)) } };
    if (olds.status !== 'running') answer.changes.status = 'update';
    for (const key of ['cloud', 'serverId'])
      if (news[key] instanceof Unknown || news[key] !== olds[key]) answer.changes[key] = 'update-replace';
    return Promise.resolve(answer);
  },

  async create(op, news, preview) {
    if (preview) return { id: '', outputs: { ...news, status: UNKNOWN, generation: 1 } };
    const args = parseInputs(schema, news);
    await makeReady(op, args);
    return { id: args.serverId, outputs: { ...news, status: 'running', generation: 1 } };
  },

  async read(op, id, outputs, inputs) {
    if (outputs.generation === undefined) {
      throw new UserError(
        `ServerReady ${id} cannot be imported, and need not be: a create changes nothing at a server that is on`,
      );
    }
    const args = parseInputs(schema, inputs);
    const server = await client(args).servers.get(id, op.signal);
    if (server === undefined) return undefined;
    // The type too: when the plugin puts back a type that somebody changed, it leaves the server off once more.
    const live = sameType(server, args.serverType) ? {} : { serverType: server.server_type.name };
    return { id, inputs: { ...inputs, ...live }, outputs: { ...outputs, ...live, status: server.status } };
  },

  async update(op, _id, olds, _oldInputs, news, preview) {
    const restarted = olds.serverType !== news.serverType || olds.status !== 'running';
    if (!restarted) return { outputs: { ...news, ...pick(olds, ['status', 'generation']) } };
    const generation = generationOf(olds) + 1;
    if (preview) return { outputs: { ...news, status: 'running', generation } };
    await makeReady(op, parseInputs(schema, news));
    return { outputs: { ...news, status: 'running', generation } };
  },

  delete: () => Promise.resolve(),
};

function client({ token, endpoint }: Args): Hcloud {
  return hcloud({ token, endpoint });
}

function generationOf(olds: Inputs): number {
  return typeof olds.generation === 'number' ? olds.generation : 0;
}

/** Programs may name a type by its number. */
function sameType({ server_type: type }: Server, wanted: string): boolean {
  return type.name === wanted || String(type.id) === wanted;
}

/**
 * Powers a server on that is off, waits for one that is on its way, and answers when it runs.
 * @throws UserError when it is gone, of another type, or does not come up
 */
async function makeReady(op: Operation, args: Args): Promise<void> {
  const api = client(args);
  const signal = signalOf(op);
  const seconds = op.timeout ?? READY_SECONDS;
  const until = Date.now() + seconds * 1000;
  for (;;) {
    const server = await api.servers.get(args.serverId, signal);
    if (server === undefined) throw new UserError(gone(args));
    if (!sameType(server, args.serverType)) throw new UserError(otherType(args, server.server_type.name));
    if (server.status === 'running') {
      op.status(`${args.host} is on`);
      return;
    }
    if (Date.now() >= until) throw new UserError(notUp(args, server.status, seconds));
    if (server.status === 'off') await powerOn(op, api, args, signal);
    else op.status(`waiting for ${args.host}: ${server.status}`);
    await pause(PAUSE_SECONDS, signal);
  }
}

async function powerOn(op: Operation, api: Hcloud, args: Args, signal: AbortSignal): Promise<void> {
  op.status(`powering on ${args.host}`);
  try {
    await api.actions.wait(await api.servers.powerOn(args.serverId, signal), signal);
  } catch (error) {
    if (!(error instanceof HcloudError)) throw error;
    throw new UserError(
      `${args.host}: server ${args.serverId} is off and could not be powered on. ${error.message}\nThe next up tries again.`,
      { cause: error },
    );
  }
}

const gone = ({ host, serverId }: Args): string =>
  `${host}: Hetzner has no server ${serverId} in this project. If it was deleted by hand, pulumi up --refresh finds that out and makes another one; if not, hcloud:token belongs to another project.`;

const otherType = ({ host, serverId, serverType }: Args, found: string): string =>
  `${host}: server ${serverId} is a ${found}, not a ${serverType}: somebody resized it outside this program. pulumi up --refresh makes it a ${serverType} again; to keep it, write serverType: ${found} for this host.`;

const notUp = ({ host, serverId }: Args, status: string, seconds: number): string =>
  `${host}: server ${serverId} does not run after ${seconds} s, its status is "${status}". Look at its console at Hetzner; the next up tries again.`;
