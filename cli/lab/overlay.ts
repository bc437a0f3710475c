import type { LabConfig, LabTenant } from '../../lab/api/config.ts';
import { machineAt } from '../../lab/existing/machines.ts';
import { controlAddress, INTERNET } from '../../lab/machines/types.ts';
import { namedAccounts, reachedInLab } from './existing.ts';
import { NAMESPACE, isRecord } from '../../mesh/config/stack-text.ts';

/** What the lab lays over a tracked stack file: where its clouds are, how its hosts are reached, its credentials. */
export interface Overlay {
  plain: Record<string, unknown>;
  /** By config key, or by a member of a mapping: `site-mesh:accountTokens["NAME"]`. */
  secrets: Record<string, string>;
}

/** Seconds that a first boot may take in the lab; a real cloud's default is minutes. */
const BOOT_TIMEOUT = { records: 20, machines: 120 };

/**
 * @param config of the tracked stack file
 * @param packages fingerprint of the key that signs the lab's packages; machines need it
 */
export function labOverlay(
  lab: LabConfig,
  tenant: LabTenant,
  config: Record<string, unknown>,
  packages?: { fingerprint: string },
): Overlay {
  const api = `http://${lab.host}:${lab.apiPort}`;
  const ssh = config[`${NAMESPACE}:ssh`];
  const reachable = isRecord(ssh) ? ssh : {};
  return {
    plain: {
      'hcloud:endpoint': `${api}/v1`,
      'digitalocean:apiEndpoint': api,
      'tailscale:baseUrl': api,
      [`${NAMESPACE}:ssh`]: {
        ...reachable,
        publicKey: lab.deployKey.publicKey,
        via: { host: lab.host, port: lab.jump.port, user: lab.jump.user, hostKey: lab.jump.hostKey.publicKey },
        bootTimeout: BOOT_TIMEOUT[lab.compute],
        // Firewalls of machines really filter: the jump host's own address has to be let in.
        ...(packages && {
          from: [...(Array.isArray(reachable.from) ? (reachable.from as unknown[]) : []), `${INTERNET.jump}/32`],
        }),
      },
      ...(packages && machinesReach(lab, tenant, config, packages)),
      ...reachedInLab(config, ({ address, port }) => machineAt(lab.existing, address, port)?.hostKey.publicKey),
    },
    secrets: {
      'hcloud:token': tenant.hcloudToken,
      'digitalocean:token': tenant.digitaloceanToken,
      'tailscale:oauthClientId': tenant.tailscale.oauthClientId,
      'tailscale:oauthClientSecret': tenant.tailscale.oauthClientSecret,
      [`${NAMESPACE}:sshPrivateKey`]: lab.deployKey.privateKey,
      [`${NAMESPACE}:jumpPrivateKey`]: lab.jump.clientKey.privateKey,
      ...accountTokens(tenant, config),
    },
  };
}

/** Where machines find what real ones find at their vendors: all of it in the lab's own internet. */
function machinesReach(
  lab: LabConfig,
  { tailscale: { tailnet } }: LabTenant,
  config: Record<string, unknown>,
  { fingerprint }: { fingerprint: string },
): Record<string, unknown> {
  const named = config[`${NAMESPACE}:tailnet`];
  const packages = `https://${INTERNET.packages}`;
  return {
    [`${NAMESPACE}:tailnet`]: {
      ...(isRecord(named) ? named : {}),
      loginServer: `https://${controlAddress(lab.tailnets, tailnet)}`,
    },
    [`${NAMESPACE}:packages`]: {
      tailscale: { url: `${packages}/{id}`, key: `${packages}/{id}/{codename}.noarmor.gpg`, fingerprint },
    },
    [`${NAMESPACE}:agent`]: { hetznerEndpoint: `http://${INTERNET.api}/v1` },
  };
}

function accountTokens(tenant: LabTenant, config: Record<string, unknown>): Record<string, string> {
  const tokens = namedAccounts(config).flatMap(({ account, cloud }): [string, string][] => {
    const known = tenant.accounts[account];
    if (known === undefined) return [];
    const token = cloud === 'digitalocean' ? known.digitaloceanToken : known.hcloudToken;
    return [[`${NAMESPACE}:accountTokens[${JSON.stringify(account)}]`, token]];
  });
  return Object.fromEntries(tokens);
}
