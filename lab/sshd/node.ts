import { Refusal } from './answer.ts';
import { retireBootstrapKey } from './host-key.ts';
import { readJoinRequest } from './requests.ts';
import { noteJoin } from './unexecuted.ts';
import type { LineContext } from './types.ts';

type TailnetNode = NonNullable<ReturnType<LineContext['nodes']['node']>>;

/** A release brought tailscaled. */
const hasDaemon = (at: LineContext): boolean => 'tailscale' in (at.collections.disks.get(at.view.id)?.packages ?? {});

/** The node that this host is, as the tailnet sees it now. A device that was removed there is none. */
function current(at: LineContext): TailnetNode | undefined {
  return at.host.nodeId === null ? undefined : at.nodes.node(at.host.nodeId);
}

const sameSet = (a: string[], b: string[]): boolean => [...a].sort().join() === [...b].sort().join();

export function join(at: LineContext, stdin: Buffer): unknown {
  const request = readJoinRequest(stdin);
  const known = current(at);
  if (known && request.tailnet !== null && known.tailnet !== request.tailnet) {
    const message = `this host is in the tailnet ${known.tailnet}, not in ${request.tailnet}; let it leave that one first`;
    throw new Refusal('wrong-tailnet', message);
  }
  const adopted = known !== undefined && sameSet(known.tags, request.tags);
  if (!adopted && request.authKey === '') {
    const now = known ? `joined with ${known.tags.join(', ') || 'no tags'}` : 'in no tailnet';
    throw new Refusal('not-joined', `this host is ${now}, and no key was given`);
  }
  at.host.wantedRoutes = [...request.advertiseRoutes].sort();
  at.host.ssh = request.ssh;
  at.save();
  if (adopted) {
    at.nodes.setHostname(known.nodeId, request.hostname);
    at.nodes.setAdvertisedRoutes(known.nodeId, allowed(at));
  } else joinWithKey(at, request.authKey, request.hostname);
  const node = current(at);
  if (!node)
    throw new Refusal('command-failed', 'the node was removed while it joined', {
      command: 'tailscale status',
      stderr: '',
    });
  const retired = retireBootstrapKey(at.host);
  noteJoin(at.host);
  at.save();
  const { nodeId, name, addresses, tags } = node;
  return { nodeId, name, addresses, tags: [...tags].sort(), adopted, retired };
}

/** What may be advertised now: nothing while drained. */
const allowed = (at: LineContext): string[] => (at.host.drained ? [] : at.host.wantedRoutes);

function joinWithKey(at: LineContext, authKey: string, hostname: string): void {
  if (!hasDaemon(at)) {
    const extra = { command: 'tailscale up', stderr: 'tailscale: command not found' };
    throw new Refusal('command-failed', 'tailscale is not on this host: a release with the package comes first', extra);
  }
  const answer = at.nodes.join({ authKey, hostname, os: 'linux', advertiseRoutes: allowed(at) });
  if (!answer.ok) {
    const extra = { command: 'tailscale up', stderr: answer.message.replaceAll(authKey, '[key]') };
    throw new Refusal('command-failed', 'tailscale could not join: the service refused or did not answer', extra);
  }
  at.host.nodeId = answer.nodeId;
}

export function nodeStatus(at: LineContext): unknown {
  const node = current(at);
  if (!node) {
    const state = hasDaemon(at) ? 'NeedsLogin' : 'NoDaemon';
    return { state, nodeId: null, name: null, tailnet: null, addresses: null, tags: null, online: null, ssh: null };
  }
  const { nodeId, name, tailnet, addresses, tags, online } = node;
  return { state: 'Running', nodeId, name, tailnet, addresses, tags, online, ssh: at.host.ssh === true };
}

/** Every node of the tailnet but this one. No packet ever goes between records: there are no paths and no handshakes. */
export function peers(at: LineContext): unknown {
  const own = joinedNode(at);
  const others = at.nodes
    .peers(own.nodeId)
    .map(({ nodeId, name, addresses, tags, online, primaryRoutes, keyExpiry }) => ({
      name,
      nodeId,
      addresses,
      tags: [...tags].sort(),
      online,
      active: false,
      curAddr: '',
      relay: '',
      peerRelay: '',
      primaryRoutes: [...primaryRoutes].sort(),
      lastHandshake: null,
      rx: 0,
      tx: 0,
      keyExpiry,
    }))
    .sort((a, b) => (`${a.name} ${a.nodeId}` < `${b.name} ${b.nodeId}` ? -1 : 1));
  const version = at.collections.disks.get(at.view.id)?.packages.tailscale ?? null;
  return { state: 'Running', online: own.online, version, peers: others };
}

export function leave(at: LineContext): unknown {
  const node = current(at);
  at.host.nodeId = null;
  at.host.wantedRoutes = [];
  at.host.drained = false;
  delete at.host.ssh;
  at.save();
  if (!node) return { left: false };
  at.nodes.setAdvertisedRoutes(node.nodeId, []);
  at.nodes.leave(node.nodeId);
  return { left: true };
}

const advertised = (at: LineContext): string[] => current(at)?.advertisedRoutes ?? [];

function joinedNode(at: LineContext): TailnetNode {
  const node = current(at);
  if (!node) throw new Refusal('not-joined', 'this host is not in a tailnet');
  return node;
}

export function routeAdvertise(at: LineContext): unknown {
  const node = joinedNode(at);
  at.host.drained = false;
  at.save();
  at.nodes.setAdvertisedRoutes(node.nodeId, at.host.wantedRoutes);
  return { advertised: advertised(at), drained: false };
}

export function routeDrain(at: LineContext): unknown {
  const node = joinedNode(at);
  at.host.drained = true;
  at.save();
  at.nodes.setAdvertisedRoutes(node.nodeId, []);
  return { advertised: advertised(at), drained: true };
}

export const routeStatus = (at: LineContext): unknown => ({
  wanted: at.host.wantedRoutes,
  advertised: advertised(at),
  drained: at.host.drained,
});

/** The line of the unit before its daemon stops: withdraws, where somebody else stands by. */
export function routePause(at: LineContext): unknown {
  const node = current(at);
  const partner = (own: TailnetNode): boolean =>
    at.nodes.peers(own.nodeId).some(({ online, tags }) => online && sameSet(tags, own.tags));
  if (node && partner(node)) at.nodes.setAdvertisedRoutes(node.nodeId, []);
  return routeStatus(at);
}

/** The line of the unit after the start of its daemon: advertise, unless drained or not joined. */
export function routeResume(at: LineContext): unknown {
  const node = current(at);
  if (node) at.nodes.setAdvertisedRoutes(node.nodeId, allowed(at));
  return routeStatus(at);
}
