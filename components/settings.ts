import * as pulumi from '@pulumi/pulumi';
import { parseConfig, renderFaults, type MeshConfig } from '../mesh/config/index.ts';

const NAMESPACE = 'site-mesh';

/** What a stack's configuration says, checked as a whole. All credentials are secret outputs. */
export interface Settings {
  config: MeshConfig;
  sshPrivateKey: pulumi.Output<string>;
  jumpPrivateKey: pulumi.Output<string>;
  hetzner: { token: pulumi.Output<string>; endpoint?: string };
  tailscale: {
    baseUrl?: string;
    apiKey?: pulumi.Output<string>;
    oauthClientId?: pulumi.Output<string>;
    oauthClientSecret?: pulumi.Output<string>;
  };
}

/** Reads the stack. Throws one RunError that lists every fault and every missing credential; nothing is made before. */
export function readSettings(): Settings {
  const own = new pulumi.Config(NAMESPACE);
  const hcloud = new pulumi.Config('hcloud');
  const tailscale = new pulumi.Config('tailscale');
  const answer = parseConfig(sections(pulumi.runtime.allConfig()));
  const sshPrivateKey = own.getSecret('sshPrivateKey');
  const token = hcloud.getSecret('token');
  const apiKey = tailscale.getSecret('apiKey');
  const oauthClientId = tailscale.getSecret('oauthClientId');
  const oauthClientSecret = tailscale.getSecret('oauthClientSecret');
  const complete = apiKey !== undefined || (oauthClientId !== undefined && oauthClientSecret !== undefined);
  if (!answer.ok || !sshPrivateKey || !token || !complete) {
    const absent = [
      ...(sshPrivateKey
        ? []
        : ['site-mesh:sshPrivateKey: pulumi config set --secret site-mesh:sshPrivateKey < KEYFILE']),
      ...(token ? [] : ['hcloud:token: pulumi config set --secret hcloud:token']),
      ...(complete
        ? []
        : ['tailscale:oauthClientId and tailscale:oauthClientSecret: set both in the same way, or tailscale:apiKey']),
    ];
    const credentials = absent.length === 0 ? [] : [`Credentials are missing:\n  ${absent.join('\n  ')}`];
    throw new pulumi.RunError(
      [renderFaults(answer.ok ? [] : answer.faults), ...credentials].filter(Boolean).join('\n\n'),
    );
  }
  const endpoint = hcloud.get('endpoint');
  const baseUrl = tailscale.get('baseUrl');
  return {
    config: answer.config,
    sshPrivateKey,
    jumpPrivateKey: own.getSecret('jumpPrivateKey') ?? sshPrivateKey,
    hetzner: { token, ...(endpoint !== undefined && { endpoint }) },
    tailscale: {
      ...(baseUrl !== undefined && { baseUrl }),
      ...(apiKey ? { apiKey } : { oauthClientId, oauthClientSecret }),
    },
  };
}

/**
 * Every key of our namespace, so that a misspelt one is found: pulumi.Config answers only for names that it is asked.
 * Structured values arrive as JSON; what is none stays text, and the schema says what it should have been.
 */
export function sections(all: Record<string, string>): Record<string, unknown> {
  const own = Object.entries(all).filter(([key]) => key.startsWith(`${NAMESPACE}:`));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(NAMESPACE.length + 1), parsed(value)]));
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
