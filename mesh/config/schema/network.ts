import { z } from 'zod';
import * as field from '../fields.ts';
import { told } from '../fields.ts';
import { mapping } from './mapping.ts';

/** What a stack is as a whole: its network, its tailnet, its way to the hosts, its credentials. */
export const networkSchema = z
  .strictObject(
    {
      name: field.networkName.describe(
        "Part of names at the clouds and of the policy's owner line. It cannot be changed once something is made. Example: acme",
      ),
      supernet: field
        .prefix('give the stack a private prefix of its own, for example 10.77.0.0/16')
        .describe(
          'Private IPv4 prefix in which all sites lie, of this stack alone; also the range of its Hetzner networks. Example: 10.77.0.0/16',
        ),
      supernet6: field
        .prefix6('give the stack a unique local prefix of its own, for example fd12:3456:789a::/48')
        .optional()
        .describe(
          'Unique local IPv6 prefix (RFC 4193, /48 to /56, its 40 bits drawn by chance) in which the cidr6 of all sites lie, of this stack alone. Example: fd12:3456:789a::/48',
        ),
      domain: field.domainName.describe(
        'Domain of the servers that this stack makes: NAME.DOMAIN is their full name from their first boot on (hostname -f); a change of it renames none that is there. Nothing resolves it outside the host. Example: mesh.acme.internal',
      ),
    },
    mapping('write network: { name, supernet, domain }'),
  )
  .describe('The private network of this stack.');

const breakGlassSchema = z
  .strictObject(
    {
      group: field.groupName.describe('Name of the group that must never be locked out. Example: sre'),
      service: field.serviceName.describe('Name of the service that it keeps, on every host that has it. Example: ssh'),
      tool: field.toolName
        .optional()
        .describe(
          'The tool that deploys, where it does so from inside the tailnet: it keeps the service too. Default: none, for hosts are reached on public addresses. Example: ci',
        ),
    },
    mapping('write breakGlass: { group: sre, service: ssh }, or leave it out'),
  )
  .describe(
    'Who gets in when all else fails: an intent without an end must give this group this service. After each push of the policy the service is asked whether it does; if not, the former policy is put back.',
  );

export const tailnetSchema = z
  .strictObject(
    {
      name: field.tailnetName.describe(
        'Name of the tailnet as the admin console shows it, or - for the one of the credential. One stack owns a tailnet’s policy. Another name moves the stack there: every node leaves and joins anew (docs/operations.md). Example: acme-prod',
      ),
      breakGlass: breakGlassSchema.optional(),
      takeOver: field.etag
        .optional()
        .describe(
          'ETag of a policy that somebody else wrote: the first push may replace exactly that text (mesh policy adopt shows it). May be removed once it is replaced.',
        ),
      loginServer: field.controlServer
        .optional()
        .describe(
          'Another control server than Tailscale’s own, such as headscale, that nodes join at; tailscale:baseUrl must name its API. https, or http on loopback and in a lab. Every node joins anew when it changes. Example: https://headscale.example.com',
        ),
      with: field
        .listOf(field.stackName, 'list the stacks that share the tailnet, for example [staging], or remove the key')
        .optional()
        .describe(
          'Stacks that share the tailnet; each names this one as its owner. This stack pushes the policy of all (docs/shared-tailnet.md). Example: [staging]',
        ),
      owner: field.stackName
        .optional()
        .describe(
          'The stack that owns the policy of a shared tailnet, and lists this one; it goes first. Without with and owner the tailnet is this stack’s alone. Example: prod',
        ),
    },
    mapping('write tailnet: { name: acme-prod }'),
  )
  .describe('The tailnet that members join; this stack owns its policy, unless it names another owner.');

export const viaSchema = z
  .strictObject(
    {
      host: field.hostAddress.describe('Address or name of the jump host.'),
      port: field
        .whole(1, 65535, 'give the SSH port of the jump host, for example 22')
        .default(22)
        .describe('SSH port of the jump host. Default: 22'),
      user: field.loginName.describe('Login on the jump host.'),
      hostKey: field
        .publicKey(
          "give the jump host's public host key, one line: ssh-keyscan -t ed25519 HOST, checked against its console",
        )
        .describe('Public host key of the jump host, one line; another one is refused.'),
    },
    mapping('write via: { host, port, user, hostKey }, or leave it out to connect directly'),
  )
  .describe('Jump host. Its key is site-mesh:jumpPrivateKey, or else the deploy key.');

export const sshSchema = z
  .strictObject(
    {
      user: field.loginName.describe(
        'Login on the hosts: made on new servers, expected on existing ones. Example: ops',
      ),
      from: field
        .listOf(field.sshSource, 'list the ranges that you deploy from, for example [198.51.100.0/28]')
        .describe('Prefixes that may open SSH on public addresses. Never the whole internet.'),
      publicKey: field
        .publicKey('give the public half of the deploy key, one line: ssh-ed25519 AAAA…')
        .describe('Public half of the deploy key (site-mesh:sshPrivateKey), one line.'),
      alsoPublicKeys: field
        .setOf(
          field.publicKey('give the public half of the other key, one line: ssh-ed25519 AAAA…'),
          'list the public keys that may log in too, or leave the key out',
        )
        .default([])
        .describe(
          'More keys that may log in as user on servers of this stack; while the deploy key is rotated, the next one. Default: none',
        ),
      via: viaSchema.optional(),
      bootTimeout: field
        .whole(5, 3600, 'give seconds between 5 and 3600, for example 300')
        .default(300)
        .describe('Seconds that a new server gets for its first boot. Default: 300'),
    },
    mapping('write ssh: { user, from, publicKey }'),
  )
  .describe('How the deploying side reaches hosts: never through the mesh that it changes.');

export const credentialsSchema = z
  .strictObject(
    {
      from: z
        .enum(['stack', 'environment'], {
          error: told('is no place where credentials come from', 'choose one of: environment, stack'),
        })
        .default('stack')
        .describe(
          'stack: secrets of this file, encrypted by Pulumi. environment: variables of the process that runs pulumi (mesh credentials lists them). Default: stack',
        ),
    },
    mapping('write credentials: { from: stack }'),
  )
  .default({ from: 'stack' })
  .describe(
    'Where tokens and keys come from. One place, never both: an ambient variable is not used unless asked for.',
  );
