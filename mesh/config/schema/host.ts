import { z } from 'zod';
import * as field from '../fields.ts';
import { told } from '../fields.ts';
import { mapping } from './mapping.ts';
import { viaSchema } from './network.ts';

/** A number would be an id, which the clouds' plugins show as changed for ever. What each cloud calls its types is checked in checks/. */
export const serverType = z
  .string({ error: told('must be text', 'give a type by its name, for example cx23 or s-1vcpu-1gb') })
  .describe('Server type by its name. Changing it resizes: drained, switched off, resized, on again. Example: cx23');
export const image = z
  .string({ error: told('must be text', 'give an image by its name, for example debian-12') })
  .regex(/^[a-z][a-z0-9.-]*$/, {
    error: told('is not the name of an image', 'give an image by its name, for example debian-12'),
  })
  .describe('Image by its name, at the first boot only: replace the server to change it. Example: debian-12');

export const backups = z
  .boolean({ error: told('must be true or false', 'write backups: true, or leave the key out') })
  .describe(
    'Does the cloud back up the disk of the server (of a site: of each of its servers)? It costs a fifth of the server at Hetzner, up to three tenths at DigitalOcean. In production the guardrails want it, or an exception with its reason. Default: false',
  );

/** What existing software a first release on an existing host may find and live with. */
export const ACCEPTABLE = ['docker', 'firewalld', 'nftables', 'tailscale', 'ufw'] as const;
const accepts = field
  .setOf(
    z.enum(ACCEPTABLE, {
      error: told('is nothing that can be accepted', `choose among: ${ACCEPTABLE.join(', ')}`),
    }),
    'list what is there and may stay, for example [docker], or leave the key out',
  )
  .default([])
  .describe('Existing hosts: software that mesh preflight found in the way and that you know to be compatible.');

const hostSshSchema = z
  .strictObject(
    {
      host: field.hostAddress.describe('Public address or name that SSH is dialled on. Example: 198.51.100.10'),
      port: field.whole(1, 65535, 'give the SSH port, for example 22').optional().describe('SSH port. Default: 22'),
      user: field.loginName.optional().describe('Login; any but root needs passwordless sudo. Default: ssh.user'),
      hostKey: field
        .publicKey(
          "give the host's public host key, one line: ssh-keyscan -t ed25519 HOST, checked against its console",
        )
        .describe('Public host key, one line; another one is refused.'),
      via: viaSchema.optional(),
    },
    mapping('write ssh: { host, hostKey }'),
  )
  .describe('Existing hosts: how this one is reached.');

/** Own commands of a site or host: the user's escape hatch, run over our pinned connection. */
const commandSchema = z
  .strictObject(
    {
      run: z
        .string({
          error: (issue) => told(issue.input === undefined ? 'is missing' : 'must be text', 'give a script for sh -eu'),
        })
        .refine((text) => text.trim() !== '', {
          error: told('is empty', 'give a script for sh -eu, or remove the command'),
        })
        .describe(
          'Script for sh -eu, on stdin, as the login user. It must be safe to run again: any change of it runs it anew.',
        ),
      on: z
        .enum(['routers', 'hosts', 'all'], { error: told('selects no host', 'choose one of: all, hosts, routers') })
        .optional()
        .describe('Commands of a site: which of its hosts. Default: all'),
      timeout: field
        .whole(1, 86_400, 'give seconds between 1 and 86400, for example 600')
        .default(600)
        .describe('Seconds until the script is ended. Default: 600'),
    },
    mapping('write NAME: { run: … }'),
  )
  .describe('A script of your own, run by @pulumi/command once the host is configured and has joined.');
export const commandsSchema = z
  .record(field.commandName, commandSchema, mapping('write commands: { NAME: { run: … } }'))
  .default({})
  .describe('Own commands, name → script.');

export const hostSchema = z.strictObject(
  {
    name: field.hostName.describe('Host name, unique in the stack: hostname, name at the cloud, name in the policy.'),
    formerly: field.hostName
      .optional()
      .describe(
        'The name that this host had until now, on servers: they are renamed in place. May be removed after the next up. Example: fra-db-1',
      ),
    lan: field
      .address('give the host an address inside its site, for example 10.77.10.10')
      .optional()
      .describe('LAN address inside the site’s prefix. Not at DigitalOcean, which assigns it.'),
    lan6: field
      .address6('give the host an IPv6 address inside cidr6 of its site, for example fd12:3456:789a:40::10')
      .optional()
      .describe(
        'LAN address inside the cidr6 of the site. Routers of such a site need one; other hosts may have none.',
      ),
    roles: field
      .setOf(field.roleName, 'list the roles, for example [db], or leave the key out')
      .default([])
      .describe('Roles; each is a tag in the tailnet, selected by role:NAME. Example: [db]'),
    member: z
      .boolean({ error: told('must be true or false', 'write member: true to join the host to the tailnet') })
      .optional()
      .describe('Does the host join the tailnet itself? Default: true at DigitalOcean, else false. Routers always do.'),
    serverType: serverType.optional(),
    image: image.optional(),
    backups: backups.optional(),
    ssh: hostSshSchema.optional(),
    accepts,
    commands: commandsSchema,
  },
  mapping('write { name, lan }'),
);
