import { UserError } from '../io/rpc/types.ts';
import type { Operation, Value } from '../io/rpc/types.ts';
import type { Connection } from '../io/ssh/connect.ts';
import { HostToolError } from '../io/ssh/host-tool.ts';
import type { HostTool, JoinRequest } from '../io/ssh/host-tool.ts';
import type { Device, Tailscale } from '../io/tailscale/client.ts';
import { pause } from '../io/wait.ts';
import { signalOf, withHost } from './hosts.ts';
import type { Hosts, OpenOptions } from './hosts.ts';

/** Inputs of a TailnetNode. */
export interface NodeArgs {
  serverId: string;
  connection: Connection;
  hostname: string;
  tags: string[];
  advertiseRoutes: string[];
  acceptRoutes: boolean;
  snat: boolean;
  ssh?: boolean | undefined;
  loginServer?: string | undefined;
  keySeconds?: number | undefined;
}

/** What every step of joining and verifying needs. */
export interface NodeContext {
  op: Operation;
  signal: AbortSignal;
  api: Tailscale;
  args: NodeArgs;
  open: OpenOptions;
  request: Omit<JoinRequest, 'authKey'>;
}

const KEY_SECONDS = 3600;
const OPEN_SECONDS = 60;
/** The control server tells a host of new tags, and the API of a new device, a little later. */
const SETTLE_SECONDS = 20;
const SETTLE_PAUSE_SECONDS = 1;

export function nodeContext(
  op: Operation,
  tailnet: { api: Tailscale; name: string | null },
  args: NodeArgs,
): NodeContext {
  const { hostname, tags, advertiseRoutes, acceptRoutes, snat } = args;
  const signal = signalOf(op);
  return {
    op,
    signal,
    api: tailnet.api,
    args,
    open: { name: hostname, bootSeconds: OPEN_SECONDS, authSeconds: 0, signal, status: (text) => op.status(text) },
    request: {
      hostname,
      tags,
      advertiseRoutes,
      acceptRoutes,
      snat,
      ssh: args.ssh ?? false,
      loginServer: args.loginServer ?? null,
      tailnet: tailnet.name,
    },
  };
}

/**
 * Makes the host a member and answers its node id. Asks the host first, so that a run which was killed after the join
 * and before it was recorded finds its own work; a key is made only when there is something to join.
 */
export async function enrol(node: NodeContext, tool: HostTool): Promise<string> {
  const { api, args, op, signal } = node;
  const adopted = await adopt(node, tool);
  if (adopted !== undefined) {
    if ((await api.devices.get(adopted, signal)) !== undefined) {
      op.log('info', `${args.hostname} is in the tailnet already (node ${adopted}): adopted`);
      return adopted;
    }
    if (node.request.tailnet === null) {
      throw new UserError(
        `${args.hostname}: the host is joined as node ${adopted}, which tailnet ${api.tailnet} does not know. Either its device was deleted or the host is in somebody else's tailnet; a name in site-mesh:tailnet would tell. If it may leave: tailscale logout on the host, then up again.`,
      );
    }
    op.log(
      'info',
      `${args.hostname}: its device ${adopted} was deleted from the tailnet; the host leaves and joins anew`,
    );
    await tool.nodeLeave();
  } else {
    const retagged = await retag(node, tool);
    if (retagged !== undefined) return retagged;
  }
  return joinWithKey(node, tool);
}

/** Asks a host that is a member to apply its settings. @throws UserError when it is no member any more. */
export async function applySettings(node: NodeContext, tool: HostTool): Promise<void> {
  if ((await untilAdopted(node, tool)) !== undefined) return;
  throw new UserError(
    `${node.args.hostname}: the tailnet lists the device, but the host is not joined any more (logged out by hand?). Replace the node: pulumi up --replace ${node.op.urn}`,
  );
}

/**
 * The device as the tailnet has it, with our tags: compared by id, since a name may be somebody else's.
 * @throws UserError when the tailnet has no such device or does not take the tags.
 */
export async function verified(node: NodeContext, nodeId: string): Promise<Device> {
  const { api, args, signal } = node;
  let device = await settled(signal, () => api.devices.get(nodeId, signal));
  if (device === undefined) {
    throw new UserError(
      `${args.hostname}: tailnet ${api.tailnet} has no device ${nodeId}. If it was deleted by hand: pulumi up --refresh finds that out and joins the host anew.`,
    );
  }
  if (sameTags(device.tags, args.tags)) return device;
  await api.devices.setTags(nodeId, args.tags, signal);
  device = await settled(signal, async () => {
    const now = await api.devices.get(nodeId, signal);
    return now !== undefined && sameTags(now.tags, args.tags) ? now : undefined;
  });
  if (device !== undefined) return device;
  throw new UserError(
    `${args.hostname}: device ${nodeId} does not get its tags ${args.tags.join(', ')}. Are they in tagOwners of the policy, owned by the credential's own tag?`,
  );
}

/**
 * Leave, routes first; whatever goes wrong is a warning.
 * @param otherwise what becomes of a host that could not be asked, as the end of a sentence
 */
export async function leaveQuietly(
  op: Operation,
  hosts: Hosts,
  args: NodeArgs,
  { seconds, otherwise }: { seconds: number; otherwise: string },
): Promise<void> {
  const signal = signalOf(op, seconds);
  const open: OpenOptions = {
    name: args.hostname,
    bootSeconds: seconds / 3,
    authSeconds: 0,
    signal,
    status: (text) => op.status(text),
  };
  try {
    // It withdraws the routes and waits before it logs out. No drain: its flag lasts, and would outlive an interrupted leave.
    await withHost(hosts, args.connection, open, (tool) => tool.nodeLeave());
  } catch (error) {
    if (op.signal.aborted) throw error;
    op.log('warning', `${text(error)}\n${args.hostname} could not be asked to leave; ${otherwise}`);
  }
}

/** As sets. */
export function sameTags(device: readonly string[], wanted: Value): boolean {
  return Array.isArray(wanted) && JSON.stringify([...device].sort()) === JSON.stringify([...new Set(wanted)].sort());
}

/** Node id of a host that is a member with our tags; undefined when it is not. */
async function adopt(node: NodeContext, tool: HostTool): Promise<string | undefined> {
  try {
    return (await tool.nodeJoin({ ...node.request, authKey: '' })).nodeId;
  } catch (error) {
    if (error instanceof HostToolError && error.code === 'not-joined') return undefined;
    throw error;
  }
}

function untilAdopted(node: NodeContext, tool: HostTool): Promise<string | undefined> {
  return settled(node.signal, () => adopt(node, tool));
}

/** A member with other tags keeps its identity: the tailnet retags it, then the host adopts. */
async function retag(node: NodeContext, tool: HostTool): Promise<string | undefined> {
  const { nodeId, state } = await tool.nodeStatus();
  if (state !== 'Running' || nodeId === null) return undefined;
  if ((await node.api.devices.get(nodeId, node.signal)) === undefined) return undefined;
  await verified(node, nodeId);
  return untilAdopted(node, tool);
}

async function joinWithKey(node: NodeContext, tool: HostTool): Promise<string> {
  const { api, args, op, signal } = node;
  // The service takes letters, digits, blanks and hyphens, 50 at most.
  const description = `site-mesh ${args.hostname}`.replaceAll(/[^A-Za-z0-9 -]/g, '-').slice(0, 50);
  const key = await api.keys.create(
    { tags: args.tags, expirySeconds: args.keySeconds ?? KEY_SECONDS, description },
    signal,
  );
  op.status(`joining tailnet ${api.tailnet}`);
  try {
    const { nodeId } = await tool.nodeJoin({ ...node.request, authKey: key.key });
    await retire(node, key.id);
    op.status(`joined tailnet ${api.tailnet} as node ${nodeId}`);
    return nodeId;
  } catch (error) {
    const spent = await retire(node, key.id);
    if (!spent || !(error instanceof HostToolError) || (await isMember(node, tool))) throw error;
    throw new UserError(
      `${error.message}\nThe join key of ${args.hostname} is spent, but the host did not join with it: somebody else may have used it. Look for a device with tags ${args.tags.join(', ')} that you do not know in tailnet ${api.tailnet}; the next up makes a new key.`,
      { cause: error },
    );
  }
}

/**
 * Whether the host did join: then what failed came after it, and nobody stole a key. A host whose device was deleted shows its former
 * node for a while.
 */
async function isMember({ api, signal }: NodeContext, tool: HostTool): Promise<boolean> {
  try {
    const { nodeId } = await tool.nodeStatus();
    return nodeId !== null && (await api.devices.get(nodeId, signal)) !== undefined;
  } catch {
    return false;
  }
}

/**
 * Makes sure that the key opens nothing any more; answers whether it was spent. Also after Ctrl-C: a key that is left
 * behind would be good for an hour, so this runs on a signal of its own.
 */
async function retire(node: NodeContext, keyId: string): Promise<boolean> {
  const signal = AbortSignal.timeout(15_000);
  try {
    const key = await node.api.keys.get(keyId, signal);
    const spent = key === undefined || key.invalid === true || (key.revoked ?? '') !== '';
    if (!spent) await node.api.keys.delete(keyId, signal);
    return spent;
  } catch (error) {
    node.op.log(
      'warning',
      `${text(error)}\nJoin key ${keyId} may still be good; delete it in the tailnet, or it ends by itself within ${node.args.keySeconds ?? KEY_SECONDS} s.`,
    );
    return false;
  }
}

/** Asks until there is an answer, but not for ever. */
async function settled<T>(signal: AbortSignal, ask: () => Promise<T | undefined>): Promise<T | undefined> {
  const until = Date.now() + SETTLE_SECONDS * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined || Date.now() >= until) return answer;
    await pause(SETTLE_PAUSE_SECONDS, signal);
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
