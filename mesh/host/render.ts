import { routerAgent } from './agent.ts';
import { ipRules } from './ip-rules.ts';
import { ruleset } from './nft.ts';
import { mergeParts } from './part.ts';
import type { HostSpec, Release } from './spec.ts';
import { sshHardening } from './sshd.ts';
import { routerSysctls } from './sysctl.ts';
import { tailscaled } from './tailscaled.ts';
import { udpGro } from './udp-gro.ts';

/**
 * Everything that a host must have, as files, units and packages. The same spec gives the same bytes, whatever the order of its lists.
 * A plain host gets the ssh hardening, if its sshd is ours; a member also tailscaled and what keeps its LAN and the tunnel apart; a subnet router
 * also what forwarding needs.
 */
export function render(spec: HostSpec): Release {
  const { lan, member, router, ssh } = spec;
  return mergeParts([
    ...(ssh === undefined ? [] : [sshHardening(ssh)]),
    ...(member === undefined
      ? []
      : [
          ipRules(lan, router !== undefined),
          ruleset(router !== undefined, lan.ipv6 !== undefined),
          tailscaled(member, router !== undefined),
        ]),
    ...(router === undefined ? [] : [routerSysctls(), udpGro()]),
    ...(router?.way === undefined ? [] : [routerAgent(router.way, router.advertises)]),
  ]);
}
