import type { ProviderDefinition } from '../../../io/rpc/types.ts';
import { configure, type TailscaleClient } from './client.ts';
import { deviceAuthorization, deviceKey, deviceSubnetRoutes, deviceTags } from './device.ts';
import { getDevice, getDevices } from './functions.ts';
import { tailnetKey } from './key.ts';
import { acl, dnsNameservers, dnsPreferences, dnsSearchPaths, tailnetSettings } from './tailnet.ts';

/** The stand-in for the official tailscale plugin: the types that a site needs, with its calls, its refusals and its faults. */
export const TAILSCALE: ProviderDefinition<TailscaleClient> = {
  name: 'tailscale',
  version: '0.29.1',
  secretConfig: ['apiKey', 'oauthClientSecret', 'identityToken'],
  configure,
  resources: {
    'tailscale:index/tailnetKey:TailnetKey': tailnetKey,
    'tailscale:index/acl:Acl': acl,
    'tailscale:index/dnsPreferences:DnsPreferences': dnsPreferences,
    'tailscale:index/dnsNameservers:DnsNameservers': dnsNameservers,
    'tailscale:index/dnsSearchPaths:DnsSearchPaths': dnsSearchPaths,
    'tailscale:index/tailnetSettings:TailnetSettings': tailnetSettings,
    'tailscale:index/deviceTags:DeviceTags': deviceTags,
    'tailscale:index/deviceKey:DeviceKey': deviceKey,
    'tailscale:index/deviceAuthorization:DeviceAuthorization': deviceAuthorization,
    'tailscale:index/deviceSubnetRoutes:DeviceSubnetRoutes': deviceSubnetRoutes,
  },
  functions: {
    'tailscale:index/getDevice:getDevice': getDevice,
    'tailscale:index/getDevices:getDevices': getDevices,
  },
};
