import type { LabConfig, LabTenant } from '../../lab/api/config.ts';
import { machineAt } from '../../lab/existing/machines.ts';
import { isRecord, NAMESPACE } from '../stack-file.ts';
import { namedAccounts, reachedInLab } from './existing.ts';

/** What the lab lays over a tracked stack file: where its clouds are, how its hosts are reached, its credentials. */
export interface Overlay {
  plain: Record<string, unknown>;
  /** By config key, or by a member of a mapping: `site-mesh:accountTokens["NAME"]`. */
  secrets: Record<string, string>;
}

/** Seconds that a first boot may take in the lab; a real cloud's default is minutes. */
const BOOT_TIMEOUT = 20;

/** @param config of the tracked stack file */
export function labOverlay(lab: LabConfig, tenant: LabTenant, config: Record<string, unknown>): Overlay {
  const api = `http://${lab.host}:${lab.apiPort}`;
  const ssh = config[`${NAMESPACE}:ssh`];
  return {
    plain: {
      'hcloud:endpoint': `${api}/v1`,
      'digitalocean:apiEndpoint': api,
      'tailscale:baseUrl': api,
      [`${NAMESPACE}:ssh`]: {
        ...(isRecord(ssh) ? ssh : {}),
        publicKey: lab.deployKey.publicKey,
        via: { host: lab.host, port: lab.jump.port, user: lab.jump.user, hostKey: lab.jump.hostKey.publicKey },
        bootTimeout: BOOT_TIMEOUT,
      },
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

function accountTokens(tenant: LabTenant, config: Record<string, unknown>): Record<string, string> {
  const tokens = namedAccounts(config).flatMap(({ account, cloud }): [string, string][] => {
    const known = tenant.accounts[account];
    if (known === undefined) return [];
    const token = cloud === 'digitalocean' ? known.digitaloceanToken : known.hcloudToken;
    return [[`${NAMESPACE}:accountTokens[${JSON.stringify(account)}]`, token]];
  });
  return Object.fromEntries(tokens);
}
