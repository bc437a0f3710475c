import type { LabConfig, LabTenant } from '../../lab/api/config.ts';
import { isRecord, NAMESPACE } from '../stack-file.ts';

/** What the lab lays over a tracked stack file: where its clouds are, how its hosts are reached, its credentials. */
export interface Overlay {
  plain(config: Record<string, unknown>): Record<string, unknown>;
  secrets: Record<string, string>;
}

/** Seconds that a first boot may take in the lab; a real cloud's default is minutes. */
const BOOT_TIMEOUT = 20;

export function labOverlay(lab: LabConfig, tenant: LabTenant): Overlay {
  const api = `http://${lab.host}:${lab.apiPort}`;
  return {
    plain: (config) => {
      const ssh = config[`${NAMESPACE}:ssh`];
      return {
        'hcloud:endpoint': `${api}/v1`,
        'digitalocean:apiEndpoint': api,
        'tailscale:baseUrl': api,
        [`${NAMESPACE}:ssh`]: {
          ...(isRecord(ssh) ? ssh : {}),
          publicKey: lab.deployKey.publicKey,
          via: { host: lab.host, port: lab.jump.port, user: lab.jump.user, hostKey: lab.jump.hostKey.publicKey },
          bootTimeout: BOOT_TIMEOUT,
        },
      };
    },
    secrets: {
      'hcloud:token': tenant.hcloudToken,
      'digitalocean:token': tenant.digitaloceanToken,
      'tailscale:oauthClientId': tenant.tailscale.oauthClientId,
      'tailscale:oauthClientSecret': tenant.tailscale.oauthClientSecret,
      [`${NAMESPACE}:sshPrivateKey`]: lab.deployKey.privateKey,
      [`${NAMESPACE}:jumpPrivateKey`]: lab.jump.clientKey.privateKey,
    },
  };
}
