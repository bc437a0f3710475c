import { z } from 'zod';
import { cloudNames, clouds, type Cloud } from '../clouds.ts';
import * as field from '../fields.ts';
import { told } from '../fields.ts';
import { backups, commandsSchema, hostSchema, image, serverType } from './host.ts';
import { mapping } from './mapping.ts';
import { viaSchema } from './network.ts';

const hosts = (remedy: string) =>
  z.array(hostSchema, { error: (issue) => told(issue.input === undefined ? 'is missing' : 'must be a list', remedy) });

const locations = Object.entries<Cloud>(clouds).flatMap(([name, cloud]) =>
  cloud.locations === undefined ? [] : [`${name}: ${Object.keys(cloud.locations).join(', ')}`],
);

/** One site. Which keys a cloud takes is in the table of clouds, and checked in checks/. */
export const siteSchema = z
  .strictObject(
    {
      cloud: z
        .enum(cloudNames, {
          error: (issue) =>
            told(
              issue.input === undefined ? 'is missing' : 'is not a cloud that site-mesh knows',
              `choose one of: ${cloudNames.join(', ')}`,
            ),
        })
        .describe('Who has the machines: a cloud that sells servers, or existing for those that are there already.'),
      location: z
        .string({ error: told('must be text', `choose one of the locations of the cloud; ${locations.join('; ')}`) })
        .optional()
        .describe(`Location at the cloud; none at existing sites. ${locations.join('. ')}`),
      account: field.accountName
        .optional()
        .describe(
          'Name of a credential in site-mesh:accountTokens, for a cloud project or team of its own. Default: the token of hcloud:token or digitalocean:token',
        ),
      cidr: field
        .prefix('give the site a prefix inside the supernet, for example 10.77.10.0/24')
        .describe('Prefix of the site’s LAN, inside the supernet. Example: 10.77.10.0/24'),
      cidr6: field
        .prefix6('give the site a /64 inside network.supernet6, for example fd12:3456:789a:40::/64')
        .optional()
        .describe(
          'IPv6 prefix of the site’s LAN, a /64 inside network.supernet6; existing sites with lan: l2 only. Example: fd12:3456:789a:40::/64',
        ),
      lan: z
        .enum(['l2', 'routed'], { error: told('is no kind of LAN', 'choose one of: l2, routed') })
        .optional()
        .describe(
          'Existing sites: l2 when its hosts share a switch (ARP works), routed when a cloud router stands between. Default: l2',
        ),
      gateway: field
        .address('give the address of the LAN’s own router, or leave the key out')
        .optional()
        .describe('Existing sites: address of the LAN’s own router, where there is one. No host may have it.'),
      snat: z
        .boolean({ error: told('must be true or false', 'write snat: false to keep source addresses, and give a vip') })
        .optional()
        .describe('Do routers masquerade what they forward into the LAN? false needs a vip. Default: true'),
      vip: field
        .address('give the routers a shared address inside the site, for example 10.77.10.254')
        .optional()
        .describe(
          'Address that the agent keeps at the active router of the pair: the LAN’s way into the mesh and back. Only with snat: false.',
        ),
      vip6: field
        .address6('give the routers a shared IPv6 address inside cidr6, for example fd12:3456:789a:40::ffff')
        .optional()
        .describe('The same in IPv6, inside cidr6. Needed with snat: false and cidr6.'),
      ssh: z
        .strictObject(
          {
            user: field.loginName.optional().describe('Login on the hosts of this site.'),
            port: field
              .whole(1, 65535, 'give the SSH port, for example 22')
              .optional()
              .describe('SSH port. Default: 22'),
            via: viaSchema.optional(),
          },
          mapping('write ssh: { user, port, via }'),
        )
        .optional()
        .describe('Existing sites: what its hosts have in common.'),
      serverType: serverType.optional(),
      image: image.optional(),
      backups: backups.optional(),
      routers: hosts('list two subnet routers: [{ name, lan }, { name, lan }]')
        .default([])
        .describe('Up to two subnet routers: the first by name is made first and becomes primary.'),
      hosts: hosts('list the hosts: [{ name, lan, roles }]').default([]).describe('The other hosts.'),
      commands: commandsSchema,
    },
    mapping('write { cloud, location, cidr, routers, hosts }'),
  )
  .describe('One site of the mesh.');
