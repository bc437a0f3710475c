import { z } from 'zod';
import { diffInputs } from '../io/rpc/diff.ts';
import { PartialFailure, UNKNOWN, Unknown, UserError } from '../io/rpc/types.ts';
import type { DiffAnswer, Inputs, Operation, ResourceHandler } from '../io/rpc/types.ts';
import type { Device } from '../io/tailscale/client.ts';
import { tailnetOf } from './client.ts';
import type { MeshClient } from './client.ts';
import { withHost } from './hosts.ts';
import { moved } from './moved.ts';
import { carryRoutes, warnOfMissingRoutes } from './routes.ts';
import { applySettings, enrol, leaveQuietly, nodeContext, sameTags, verified } from './join.ts';
import type { NodeArgs } from './join.ts';
import { asSet, checkInputs, connectionSchema, parseInputs, pick } from './schema.ts';

const schema = z.strictObject({
  serverId: z.string().min(1),
  connection: connectionSchema,
  // Not in states of before there was one: those did not move.
  tailnet: z.string().min(1).optional(),
  hostname: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be a DNS label such as fra-edge-01'),
  // Untagged, the node would be the credential owner's own device, with all rights of that person.
  tags: z.array(z.string().regex(/^tag:[A-Za-z][A-Za-z0-9-]*$/, 'must look like tag:router')).min(1),
  advertiseRoutes: z.array(z.string()),
  acceptRoutes: z.boolean(),
  snat: z.boolean(),
  ssh: z.boolean().optional(),
  loginServer: z.url({ protocol: /^https?$/ }).optional(),
  keySeconds: z.int().min(60).max(86_400, 'a join key may live for a day (86400 s) at most').optional(),
  generation: z.union([z.int(), z.string()]).optional(),
});

/** What is set on the host by asking it to join again; tags are the control server's, the rest is only recorded. */
const HOST_INPUTS = ['hostname', 'advertiseRoutes', 'acceptRoutes', 'snat', 'ssh'];
/** A change of this: the host was off meanwhile, its routes drained before. */
const RESTART_INPUTS = ['generation'];
const INPUTS = [...HOST_INPUTS, ...RESTART_INPUTS, 'tags', 'connection', 'keySeconds', 'tailnet', 'loginServer'];
const DELETE_SECONDS = 60;

/** One host's membership in the tailnet. Its state holds no key: one is made for each join and is spent by it. */
export const tailnetNode: ResourceHandler<MeshClient> = {
  secretOutputs: ['connection.privateKey', 'connection.via.privateKey'],

  check: (_op, news) => {
    const inputs = { ...news };
    // Order means nothing to the tailnet, so it must mean nothing to the diff.
    for (const key of ['tags', 'advertiseRoutes']) if (key in news) inputs[key] = asSet(news[key]);
    return Promise.resolve({ inputs, failures: checkInputs(schema, inputs) });
  },

  diff: (_op, _id, olds, _oldInputs, news) => {
    // Two devices of one name would be told apart by a suffix: the old one goes first.
    const answer: DiffAnswer = { changes: {}, deleteBeforeReplace: true };
    Object.assign(answer.changes, diffInputs(pick(olds, INPUTS), pick(news, INPUTS)));
    if (news.serverId instanceof Unknown || news.serverId !== olds.serverId) answer.changes.serverId = 'update-replace';
    if (moved(olds, news)) answer.changes.tailnet = 'update-replace';
    return Promise.resolve(answer);
  },

  async create(op, news, preview, client) {
    if (preview) return { id: '', outputs: { ...news, nodeId: UNKNOWN, name: UNKNOWN, addresses: UNKNOWN } };
    const args: NodeArgs = parseInputs(schema, news);
    const node = nodeContext(op, tailnetOf(client), args);
    return withHost(client.hosts, args.connection, node.open, async (tool) => {
      const nodeId = await enrol(node, tool);
      try {
        const device = await verified(node, nodeId);
        await carryRoutes(node, tool, nodeId, { undrain: true });
        noteNamesake(op, args, device);
        return { id: nodeId, outputs: outputsOf(news, device) };
      } catch (error) {
        // It did join: recorded, a destroy removes it and the next up verifies again.
        if (op.signal.aborted || !(error instanceof UserError)) throw error;
        throw new PartialFailure(nodeId, { ...news, nodeId }, [error.message]);
      }
    });
  },

  async read(op, id, outputs, inputs, client) {
    if (outputs.connection === undefined) {
      throw new UserError(
        `TailnetNode ${id} cannot be imported, and need not be: a create adopts a host that is in the tailnet already`,
      );
    }
    if (client.tailnet.state !== 'known') return { id, outputs, inputs };
    const device = await client.tailnet.api.devices.get(id, op.signal);
    if (device === undefined) return undefined;
    await warnOfMissingRoutes(op, client.tailnet.api, device, inputs.advertiseRoutes);
    const tags = sameTags(device.tags, inputs.tags) ? (inputs.tags ?? []) : [...device.tags].sort();
    // Inputs too: that is what the engine compares to show what somebody changed.
    return { id, inputs: { ...inputs, tags }, outputs: { ...outputsOf(outputs, device), tags } };
  },

  async update(op, id, olds, _oldInputs, news, preview, client) {
    const changes = Object.keys(diffInputs(pick(olds, INPUTS), pick(news, INPUTS)));
    const changed = (keys: string[]): boolean => Object.keys(diffInputs(pick(olds, keys), pick(news, keys))).length > 0;
    // No change at all: the engine repeats what a partial failure left undone.
    const unfinished = changes.length === 0 || olds.name === undefined;
    const restarted = changed(RESTART_INPUTS);
    const onHost = unfinished || restarted || changed(HOST_INPUTS);
    if (preview) {
      const name = changed(['hostname']) ? UNKNOWN : (olds.name ?? UNKNOWN);
      return { outputs: { ...news, nodeId: id, name, addresses: olds.addresses ?? UNKNOWN } };
    }
    if (!onHost && !changed(['tags'])) return { outputs: { ...news, ...pick(olds, ['nodeId', 'name', 'addresses']) } };
    const args: NodeArgs = parseInputs(schema, news);
    const node = nodeContext(op, tailnetOf(client), args);
    await verified(node, id);
    if (onHost) {
      await withHost(client.hosts, args.connection, node.open, async (tool) => {
        await applySettings(node, tool);
        await carryRoutes(node, tool, id, { undrain: unfinished || restarted });
      });
    }
    return { outputs: outputsOf(news, await verified(node, id)) };
  },

  async delete(op, id, _olds, oldInputs, client) {
    const { api, home } = tailnetOf(client);
    const args = parseInputs(schema, oldInputs);
    const former = args.tailnet !== undefined && args.tailnet !== home ? args.tailnet : undefined;
    await leaveQuietly(op, client.hosts, args, {
      seconds: Math.min(DELETE_SECONDS, op.timeout ?? DELETE_SECONDS),
      otherwise:
        former === undefined
          ? 'its device is removed from the tailnet all the same.'
          : `it joins no other tailnet until it has left ${former} (tailscale logout on the host).`,
    });
    if (former !== undefined) {
      // Ids of another control server's may be those of somebody else here: headscale counts from 1.
      op.log(
        'warning',
        `${args.hostname} is moving from tailnet ${former} to ${home}: its device (node ${id}) stays listed in ${former}, whose credential is not known here any more. Remove it there.`,
      );
      return;
    }
    if (!(await api.devices.delete(id, op.signal))) op.log('debug', `device ${id} was gone already`);
  },
};

/**
 * The service tells two devices of one name apart by a suffix. The other one may be left over: from a host that died while
 * it joined, before it knew. Nobody can be sure of that, so it is told and not removed.
 */
function noteNamesake(op: Operation, { hostname }: NodeArgs, { name, nodeId }: Device): void {
  const [label = ''] = name.split('.', 1);
  if (label === hostname) return;
  op.log(
    'warning',
    `${hostname} is ${label} in the tailnet (node ${nodeId}): another device has its name. If that one is left over from a join that was cut off, remove it in the admin console (Machines), then: pulumi up --replace '${op.urn}'`,
  );
}

function outputsOf(inputs: Inputs, device: Device): Inputs {
  return { ...inputs, nodeId: device.nodeId, name: device.name, addresses: device.addresses };
}
