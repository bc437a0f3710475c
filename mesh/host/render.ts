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
 * A plain host gets the ssh hardening; a subnet router also what forwarding between its LAN and the overlay needs.
 */
export function render(spec: HostSpec): Release {
  const { lan, router } = spec;
  if (router === undefined) return mergeParts([sshHardening(spec)]);
  return mergeParts([
    sshHardening(spec),
    routerSysctls(),
    ipRules(lan, router),
    ruleset(router),
    udpGro(),
    tailscaled(router.tailscaleVersion),
  ]);
}
