import { isIP } from 'node:net';
import { publicLine } from './keys.ts';
import type { LineContext } from './types.ts';

/** A Debian 12 as the clouds deliver it. */
const DEBIAN = { os: { id: 'debian', version: '12' }, kernel: '6.1.0-38-cloud-amd64', python: '3.11.2' } as const;

export function facts(at: LineContext): unknown {
  const { host, view } = at;
  // Without an address from the cloud it is the release that says it. The names are those that each cloud's Debian has.
  const lan = view.lanAddress ?? (host.active === null ? undefined : host.staged[host.active]?.lan);
  const lanName = view.lanAddress === undefined ? 'enp7s0' : 'eth1';
  return {
    hostname: view.name,
    ...DEBIAN,
    bootId: host.bootId,
    firstBoot: at.clock() < host.bornAt + at.firstBootMs ? 'running' : 'done',
    interfaces: {
      // A stack may know an existing host by a name, and the lab has no DNS.
      public: { name: 'eth0', address: isIP(view.publicAddress) === 0 ? null : view.publicAddress },
      lan: lan === undefined ? null : { name: lanName, address: lan },
    },
    hostKeys: {
      ed25519: publicLine(host.hostKeys.ed25519),
      ecdsa: host.retired ? null : publicLine(host.hostKeys.ecdsa),
    },
  };
}
