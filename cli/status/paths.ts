import type { Peer } from '../../io/ssh/host-answers.ts';
import type { PathStatus } from './types.ts';
import { said, type HostView } from './view.ts';

/** How each member that answered reaches each other member of the plan. Pairs that do not see each other have no path. */
export function pathsOf(hosts: readonly HostView[]): PathStatus[] {
  const names = new Map<string, string>();
  for (const { plan, device, recorded, asked } of hosts) {
    const nodeId = said(asked)?.node?.nodeId ?? device?.nodeId ?? [];
    const keys = [nodeId, device?.addresses ?? recorded?.tailnetAddresses ?? []].flat();
    for (const key of keys) names.set(key, plan.name);
  }
  const nameOf = ({ nodeId, addresses }: Peer): string | undefined =>
    names.get(nodeId) ?? names.get(addresses[0] ?? '');
  return hosts.flatMap(({ plan, asked }) =>
    (said(asked)?.peers?.peers ?? []).flatMap((peer): PathStatus[] => {
      const to = nameOf(peer);
      return to === undefined ? [] : [{ from: plan.name, to, ...pathTo(peer) }];
    }),
  );
}

/** A home relay is named for every peer; it is in use when something is sent and there is no better path. */
export function pathTo({ active, curAddr, peerRelay, relay }: Peer): Pick<PathStatus, 'class' | 'via'> {
  if (curAddr !== '') return { class: 'direct', via: curAddr };
  if (peerRelay !== '') return { class: 'peer-relay', via: peerRelay };
  if (active && relay !== '') return { class: 'relay', via: relay };
  return { class: 'idle', via: '' };
}
