import type { PeersAnswer } from '../../io/ssh/host-answers.ts';
import type { PrefixStatus } from './types.ts';
import { said, type HostView } from './view.ts';

/**
 * Who carries a prefix, from the routers' own view: Running, online, advertising it, and no peer has it. The view of peers
 * counts for routers that could not be asked. A router's own primary routes are not asked for: on headscale they lag behind.
 */
export function primaryOf(prefix: string, routers: readonly HostView[], all: readonly HostView[]): PrefixStatus {
  const itself = routers.filter((router) => claims(router, prefix));
  const seen = routers.filter((router) => sawCarry(router, prefix, all));
  const names = (views: readonly HostView[]): string[] => views.map(({ plan }) => plan.name);
  // A router that speaks for itself knows sooner than peers whose map is a moment old.
  const spoken = itself.length > 0 ? itself : seen.filter((router) => said(router.asked)?.peers === undefined);
  const claimed = names(spoken);
  const [only, ...more] = claimed;
  const decided = only !== undefined && more.length === 0;
  return {
    prefix,
    primary: decided ? only : null,
    claims: claimed,
    seenBy: only === undefined ? null : itself.length > 0 ? 'itself' : 'peers',
  };
}

/** Running, online, and no peer has it. */
export function takesItselfFor({ state, online, peers }: PeersAnswer, prefix: string): boolean {
  return state === 'Running' && online === true && !peers.some(({ primaryRoutes }) => primaryRoutes.includes(prefix));
}

function claims({ asked }: HostView, prefix: string): boolean {
  const { peers, routes } = said(asked) ?? {};
  return peers !== undefined && routes?.advertised.includes(prefix) === true && takesItselfFor(peers, prefix);
}

function sawCarry({ plan, device, recorded }: HostView, prefix: string, all: readonly HostView[]): boolean {
  const addresses = device?.addresses ?? recorded?.tailnetAddresses ?? [];
  return all
    .filter((other) => other.plan.name !== plan.name)
    .flatMap((other) => said(other.asked)?.peers?.peers ?? [])
    .some(
      (peer) =>
        peer.primaryRoutes.includes(prefix) &&
        (peer.nodeId === device?.nodeId || peer.addresses.some((address) => addresses.includes(address))),
    );
}
