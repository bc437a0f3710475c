import { z } from 'zod';
import { cloudNames, clouds } from './clouds.ts';
import * as field from './fields.ts';
import { told } from './fields.ts';

/**
 * The stack's configuration, one strict zod object per mapping: a key that is not here is a fault. What needs more
 * than one value (an address inside its site, a name that somebody declared) is checked in checks/.
 */
const mapping = (remedy: string) => ({
  error: (issue: { code?: string; input?: unknown }) => {
    if (issue.code !== 'invalid_type') return undefined;
    return told(issue.input === undefined ? 'is missing' : 'must be a mapping', remedy);
  },
});

export const networkSchema = z.strictObject(
  {
    /** Part of names at the clouds and of the policy's owner line. */
    name: field.networkName,
    /** All sites lie in it; a Hetzner network's ip_range is this. Each stack has its own. */
    supernet: field.prefix('give the stack a private prefix of its own, for example 10.77.0.0/16'),
    domain: field.domainName,
  },
  mapping('write network: { name, supernet, domain }'),
);

const tailnetSchema = z.strictObject({ name: field.tailnetName }, mapping('write tailnet: { name: acme-prod }'));

const viaSchema = z.strictObject(
  {
    host: field.hostAddress,
    /** @default 22 */
    port: field.whole(1, 65535, 'give the SSH port of the jump host, for example 22').default(22),
    user: field.loginName,
    hostKey: field.publicKey(
      "give the jump host's public host key, one line: ssh-keyscan -t ed25519 HOST, checked against its console",
    ),
  },
  mapping('write via: { host, port, user, hostKey }, or leave it out to connect directly'),
);

const sshSchema = z.strictObject(
  {
    user: field.loginName,
    from: field.listOf(field.sshSource, 'list the ranges that you deploy from, for example [198.51.100.0/28]'),
    publicKey: field.publicKey('give the public half of the deploy key, one line: ssh-ed25519 AAAA…'),
    via: viaSchema.optional(),
    /** Seconds that a new server gets for its first boot. @default 300 */
    bootTimeout: field.whole(5, 3600, 'give seconds between 5 and 3600, for example 300').default(300),
  },
  mapping('write ssh: { user, from, publicKey }'),
);

/** A number would be an id, which the cloud's plugin shows as changed for ever. */
const serverType = z
  .string({ error: told('must be text', 'give a type by its name, for example cx23') })
  .regex(/^[a-z]+\d+[a-z]*$/, {
    error: told('is not the name of a server type', 'give a type by its name, for example cx23'),
  });
const image = z
  .string({ error: told('must be text', 'give an image by its name, for example debian-12') })
  .regex(/^[a-z][a-z0-9.-]*$/, {
    error: told('is not the name of an image', 'give an image by its name, for example debian-12'),
  });

export const hostSchema = z.strictObject(
  {
    name: field.hostName,
    /** LAN address, inside the site's prefix. */
    lan: field.address('give the host an address inside its site, for example 10.77.10.10'),
    roles: field.setOf(field.roleName, 'list the roles, for example [db], or leave the key out').default([]),
    serverType: serverType.optional(),
    image: image.optional(),
  },
  mapping('write { name, lan }'),
);

const hosts = (remedy: string) =>
  z.array(hostSchema, { error: (issue) => told(issue.input === undefined ? 'is missing' : 'must be a list', remedy) });

export const siteSchema = z.strictObject(
  {
    cloud: z.enum(cloudNames, {
      error: (issue) =>
        told(
          issue.input === undefined ? 'is missing' : 'is not a cloud that site-mesh knows',
          `choose one of: ${cloudNames.join(', ')}`,
        ),
    }),
    location: z.string({
      error: (issue) =>
        told(
          issue.input === undefined ? 'is missing' : 'must be text',
          `choose one of: ${Object.keys(clouds.hetzner.locations).join(', ')}`,
        ),
    }),
    cidr: field.prefix('give the site a prefix inside the supernet, for example 10.77.10.0/24'),
    /** Default for every host of the site. @default cx23 at Hetzner */
    serverType: serverType.optional(),
    /** Default for every host of the site. @default debian-12 at Hetzner */
    image: image.optional(),
    routers: hosts('list two subnet routers: [{ name, lan }, { name, lan }]'),
    hosts: hosts('list the hosts: [{ name, lan, roles }]').default([]),
  },
  mapping('write { cloud, location, cidr, routers, hosts }'),
);

export const serviceSchema = z.strictObject(
  {
    on: field.listOf(field.placeSelector, 'list host names or roles, for example [fra-db-01] or [role:router]'),
    ports: field.listOf(field.port, 'list ports, for example [tcp/5432]'),
  },
  mapping('write { on, ports }'),
);

export const ruleSchema = z.strictObject(
  {
    from: field.listOf(field.sourceSelector, 'list who may connect, for example [group:sre]'),
    to: field.serviceName,
    why: field.why,
  },
  mapping('write { from, to, why }'),
);

export const meshSchema = z.strictObject({
  network: networkSchema,
  tailnet: tailnetSchema,
  ssh: sshSchema,
  sites: z.record(field.siteName, siteSchema, mapping('write sites: { eu-fra: { cloud, location, cidr, routers } }')),
  groups: z
    .record(
      field.groupName,
      field.listOf(field.email, 'list the people, for example [ada@example.com], or remove the group'),
      mapping('write groups: { sre: [ada@example.com] }'),
    )
    .default({}),
  services: z
    .record(field.serviceName, serviceSchema, mapping('write services: { postgres: { on, ports } }'))
    .default({}),
  access: z.array(ruleSchema, { error: told('must be a list', 'write access: [{ from, to, why }]') }).default([]),
});

/** Secrets of the same namespace. They are read by the program alone, never parsed and never shown. */
export const secretKeys: readonly string[] = ['sshPrivateKey', 'jumpPrivateKey'];

export type MeshConfig = z.output<typeof meshSchema>;
export type SiteConfig = z.output<typeof siteSchema>;
export type HostConfig = z.output<typeof hostSchema>;
export type ServiceConfig = z.output<typeof serviceSchema>;
export type RuleConfig = z.output<typeof ruleSchema>;
