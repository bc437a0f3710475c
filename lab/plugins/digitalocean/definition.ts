import {
  Unknown,
  UserError,
  type Inputs,
  type ProviderDefinition,
  type ResourceHandler,
  type Value,
} from '../../../io/rpc/types.ts';
import type { ResourceSpec } from '../properties.ts';
import { DigitalOceanClient } from './client.ts';
import { DROPLET_SPEC } from './droplet-shape.ts';
import { droplet } from './droplet.ts';
import { FIREWALL_SPEC, firewall } from './firewall.ts';
import { PROJECT_RESOURCES_SPEC, PROJECT_SPEC, project, projectResources } from './project.ts';
import { RESERVED_IP_ASSIGNMENT_SPEC, RESERVED_IP_SPEC, reservedIp, reservedIpAssignment } from './reserved-ip.ts';
import { paceOf } from './rhythm.ts';
import { SSH_KEY_SPEC, sshKey } from './ssh-key.ts';
import { TAG_SPEC, tag } from './tag.ts';
import { VPC_SPEC, vpc } from './vpc.ts';

function option(config: Inputs, name: string): string | undefined {
  const value: Value = config[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Numbers come as JSON text, as the SDK sends them. */
function amount(config: Inputs, name: string, fallback: number): number {
  const value = config[name];
  if (value === undefined || value === null || value === '' || value instanceof Unknown) return fallback;
  const found = Number(value);
  if (!Number.isFinite(found) || found < 0)
    throw new UserError(`${name}: ${JSON.stringify(value)} is not a number; leave it out for ${fallback}`);
  return found;
}

/** The SDK fills in the real cloud. A stand-in that spent real money would be a bad surprise. */
function endpointOf(config: Inputs): string {
  if (config.apiEndpoint instanceof Unknown) return '';
  const endpoint = option(config, 'apiEndpoint') ?? '';
  const host = URL.canParse(endpoint) ? new URL(endpoint).hostname : '';
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(host))
    throw new UserError(
      `digitalocean:apiEndpoint is ${endpoint === '' ? 'not set' : endpoint}: this plugin is the lab’s stand-in and talks to the lab only. "mesh env" sets it.`,
    );
  return endpoint.replace(/\/$/, '');
}

function configure(config: Inputs): DigitalOceanClient {
  return new DigitalOceanClient({
    endpoint: endpointOf(config),
    // Not checked here, as in the plugin: the service refuses the first call.
    token: option(config, 'token') ?? '',
    retries: amount(config, 'httpRetryMax', 4),
    retryWait: {
      least: amount(config, 'httpRetryWaitMin', 1) * 1000,
      most: amount(config, 'httpRetryWaitMax', 30) * 1000,
    },
    pace: paceOf(process.env),
  });
}

/** Every type of the stand-in: what its properties mean, and what it does. */
export const DIGITALOCEAN_TYPES: Record<string, { spec: ResourceSpec; handler: ResourceHandler<DigitalOceanClient> }> =
  {
    'digitalocean:index/sshKey:SshKey': { spec: SSH_KEY_SPEC, handler: sshKey },
    'digitalocean:index/vpc:Vpc': { spec: VPC_SPEC, handler: vpc },
    'digitalocean:index/tag:Tag': { spec: TAG_SPEC, handler: tag },
    'digitalocean:index/firewall:Firewall': { spec: FIREWALL_SPEC, handler: firewall },
    'digitalocean:index/droplet:Droplet': { spec: DROPLET_SPEC, handler: droplet },
    'digitalocean:index/reservedIp:ReservedIp': { spec: RESERVED_IP_SPEC, handler: reservedIp },
    'digitalocean:index/reservedIpAssignment:ReservedIpAssignment': {
      spec: RESERVED_IP_ASSIGNMENT_SPEC,
      handler: reservedIpAssignment,
    },
    'digitalocean:index/project:Project': { spec: PROJECT_SPEC, handler: project },
    'digitalocean:index/projectResources:ProjectResources': { spec: PROJECT_RESOURCES_SPEC, handler: projectResources },
  };

/** The stand-in for the official digitalocean plugin: the types that a site needs, with its calls, its waits and its faults. */
export const DIGITALOCEAN: ProviderDefinition<DigitalOceanClient> = {
  name: 'digitalocean',
  version: '4.80.1',
  secretConfig: ['token'],
  configure,
  resources: Object.fromEntries(Object.entries(DIGITALOCEAN_TYPES).map(([token, { handler }]) => [token, handler])),
};
