import type { HostStatus, PrefixStatus, StatusReport } from '../status/types.ts';

/** One router is drained, the other takes over. */
export interface Switch {
  kind: 'switch';
  prefix: string;
  from: string;
  to: string;
  /** What may keep the partner from carrying the prefix: with any of it, the LAN may be left dark. */
  doubts: string[];
}

/** What a switch will do, or why it will not be done. */
export type Decision =
  | Switch
  /** It is so already. */
  | { kind: 'done'; prefix: string; to: string }
  /** It cannot be done, whatever is forced; `usage`: nor could it ever, as it was asked for. */
  | { kind: 'impossible'; why: string; usage: boolean };

/** @param to the router that is to carry the prefix; undefined: the one that does not now */
export function decide(report: StatusReport, siteName: string, to: string | undefined): Decision {
  const site = report.sites.find(({ name }) => name === siteName);
  const routers = (site?.hosts ?? []).filter(({ kind }) => kind === 'router');
  const names = routers.map(({ name }) => name);
  const prefix = site?.prefixes[0];
  const impossible = (why: string, usage = true): Decision => ({ kind: 'impossible', why, usage });
  if (prefix === undefined) return impossible(`${siteName} has no routers: nobody carries a prefix for it`);
  if (routers.length < 2)
    return impossible(`${siteName} has one router, ${names.join()}: there is no partner to carry ${prefix.prefix}`);
  if (to !== undefined && !names.includes(to))
    return impossible(`${to} is no router of ${siteName}; there are: ${names.join(', ')}`);
  if (to !== undefined && prefix.primary === to) return { kind: 'done', prefix: prefix.prefix, to };
  const from = routers.find(({ name }) => name === prefix.primary) ?? routers.find(({ name }) => name !== to);
  const partner = routers.find(({ name }) => (to === undefined ? name !== from?.name : name === to));
  if (from === undefined || partner === undefined) return impossible(`${siteName} has no pair of routers`);
  if (from.reached !== true)
    return impossible(
      `${from.name} cannot be told to drain: ${from.error ?? 'it was not made yet'}. If it is to go, switch it off at its cloud: the tailnet moves its routes within 15 s`,
      false,
    );
  const doubts = [...activeDoubts(from.name, prefix), ...partnerDoubts(partner, prefix.prefix)];
  return { kind: 'switch', prefix: prefix.prefix, from: from.name, to: partner.name, doubts };
}

function activeDoubts(from: string, { prefix, primary, claims }: PrefixStatus): string[] {
  if (primary === from) return [];
  const who = claims.length === 0 ? 'nobody does, as far as can be seen' : `${claims.join(' and ')} claim it`;
  return [`${from} does not carry ${prefix}: ${who}`];
}

/** Everything that a router must be before it is the only one. */
function partnerDoubts({ name, reached, error, node, device, routes, release }: HostStatus, prefix: string): string[] {
  if (reached !== true) return [`${name} could not be asked: ${error ?? 'it was not made yet'}`];
  const doubts: string[] = [];
  if (node?.state !== 'Running') doubts.push(`tailscale on ${name} is ${node?.state ?? 'unknown'}`);
  else if (node.online !== true || device?.online === false) doubts.push(`${name} is not online in the tailnet`);
  if (device === null) doubts.push(`the tailnet does not show ${name} among its devices`);
  if (routes?.drained === true) doubts.push(`${name} is drained`);
  else if (routes?.advertised?.includes(prefix) !== true) doubts.push(`${name} does not advertise ${prefix}`);
  if (routes?.approved?.includes(prefix) !== true) doubts.push(`${prefix} of ${name} is not known to be approved`);
  if (release?.pendingRevert === true) doubts.push(`the release on ${name} is not confirmed and goes back by itself`);
  return doubts;
}

/** Routers of a site that do not advertise what they should: drained, or for another reason. */
export function silentOf(report: StatusReport, siteName: string): HostStatus[] {
  const site = report.sites.find(({ name }) => name === siteName);
  return (site?.hosts ?? []).filter(({ routes }) => {
    if (routes === null) return false;
    return routes.drained === true || !routes.wanted.every((route) => routes.advertised?.includes(route));
  });
}
