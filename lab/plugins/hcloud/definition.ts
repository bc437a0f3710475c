import { Unknown, UserError, type Inputs, type ProviderDefinition, type Value } from '../../../io/rpc/types.ts';
import { HcloudClient, parseDuration } from './client.ts';
import { firewall, firewallAttachment } from './firewall.ts';
import { network, networkRoute, networkSubnet } from './network.ts';
import { placementGroup } from './placement-group.ts';
import { primaryIp } from './primary-ip.ts';
import { server } from './server.ts';
import { serverNetwork } from './server-network.ts';
import { sshKey } from './ssh-key.ts';

function option(config: Inputs, name: string): string | undefined {
  const value: Value = config[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function configure(config: Inputs): HcloudClient {
  // At a preview the token may come from a resource that does not exist yet; nothing is called then.
  const open = config.token instanceof Unknown;
  const token = open ? '' : (option(config, 'token') ?? '');
  if (!open && token.length !== 64)
    throw new UserError('entered token is invalid (must be exactly 64 characters long)');
  const pollFunction = option(config, 'pollFunction') ?? 'exponential';
  if (!['constant', 'exponential'].includes(pollFunction))
    throw new UserError(`pollFunction: expected one of [constant exponential], got ${pollFunction}`);
  const endpoint = option(config, 'endpoint');
  // The official default is the real cloud. A stand-in that spent real money would be a bad surprise.
  if (endpoint === undefined && !(config.endpoint instanceof Unknown))
    throw new UserError(
      'hcloud:endpoint is not set: this plugin is the lab’s stand-in and talks to the lab only. "mesh env" sets it.',
    );
  return new HcloudClient({
    endpoint: endpoint ?? '',
    token,
    pollMs: parseDuration(option(config, 'pollInterval') ?? '500ms'),
    constantPolling: pollFunction === 'constant',
  });
}

/** The stand-in for the official hcloud plugin: the types that a site needs, with its calls, its refusals and its faults. */
export const HCLOUD: ProviderDefinition<HcloudClient> = {
  name: 'hcloud',
  version: '1.41.0',
  secretConfig: ['token'],
  configure,
  resources: {
    'hcloud:index/sshKey:SshKey': sshKey,
    'hcloud:index/network:Network': network,
    'hcloud:index/networkSubnet:NetworkSubnet': networkSubnet,
    'hcloud:index/networkRoute:NetworkRoute': networkRoute,
    'hcloud:index/firewall:Firewall': firewall,
    'hcloud:index/firewallAttachment:FirewallAttachment': firewallAttachment,
    'hcloud:index/placementGroup:PlacementGroup': placementGroup,
    'hcloud:index/primaryIp:PrimaryIp': primaryIp,
    'hcloud:index/server:Server': server,
    'hcloud:index/serverNetwork:ServerNetwork': serverNetwork,
  },
};
