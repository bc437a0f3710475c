import { z } from 'zod';
import * as field from '../fields.ts';
import { mapping } from './mapping.ts';

/** What hosts use from elsewhere: where their packages come from, and which APIs their agents call. */
const tailscaleSource = z
  .strictObject(
    {
      url: field
        .packageAddress('https://apt.example.com/tailscale/{id}')
        .describe(
          'apt repository, https; {id} and {codename} are the host’s own. Example: https://apt.example.com/tailscale/{id}',
        ),
      key: field
        .packageAddress('https://apt.example.com/tailscale/{codename}.gpg')
        .describe('Where its signing key is, https. The host fetches it and keeps it only if the fingerprint fits.'),
      fingerprint: field.fingerprint.describe('Fingerprint of that key, 40 hex digits. The release carries it.'),
      version: field.packageVersion
        .optional()
        .describe('Exact version that the repository has. Default: the one that the program was tested with'),
    },
    mapping('write tailscale: { url, key, fingerprint }'),
  )
  .describe('Where tailscale comes from instead of pkgs.tailscale.com: a mirror, or a repository of your own.');

export const packagesSchema = z
  .strictObject(
    { tailscale: tailscaleSource.optional() },
    mapping('write packages: { tailscale: { url, key, fingerprint } }'),
  )
  .default({})
  .describe('Where hosts get packages. Default: from their vendors');

const HETZNER_API = 'https://api.hetzner.cloud/v1';

export const agentSchema = z
  .strictObject(
    {
      hetznerEndpoint: field
        .apiAddress(HETZNER_API)
        .default(HETZNER_API)
        .describe(`Where routers reach Hetzner’s API, to move the vip of their site. Default: ${HETZNER_API}`),
    },
    mapping('write agent: { hetznerEndpoint }'),
  )
  .default({ hetznerEndpoint: HETZNER_API })
  .describe('What the agent on subnet routers needs to know.');
