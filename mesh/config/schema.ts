import { z } from 'zod';
import * as field from './fields.ts';
import { told } from './fields.ts';
import { groupSchema, ruleSchema, serviceSchema, toolSchema } from './schema/access.ts';
import { agentSchema, packagesSchema } from './schema/hosts-use.ts';
import { mapping } from './schema/mapping.ts';
import { credentialsSchema, networkSchema, sshSchema, tailnetSchema } from './schema/network.ts';
import { siteSchema } from './schema/site.ts';
import type { hostSchema } from './schema/host.ts';

/**
 * The stack's configuration, one strict zod object per mapping: a key that is not here is a fault. What needs more
 * than one value (an address inside its site, a name that somebody declared) is checked in checks/.
 */
export const meshSchema = z.strictObject({
  network: networkSchema,
  tailnet: tailnetSchema,
  ssh: sshSchema,
  credentials: credentialsSchema,
  packages: packagesSchema,
  agent: agentSchema,
  sites: z
    .record(field.siteName, siteSchema, mapping('write sites: { eu-fra: { cloud, location, cidr, routers } }'))
    .describe('Site name → site.'),
  groups: z
    .record(field.groupName, groupSchema, mapping('write groups: { sre: [ada@example.com] }'))
    .default({})
    .describe('Group name → people.'),
  services: z
    .record(field.serviceName, serviceSchema, mapping('write services: { postgres: { on, ports } }'))
    .default({})
    .describe('Service name → where it runs and listens.'),
  tools: z
    .record(field.toolName, toolSchema, mapping('write tools: { ci: { why } }'))
    .default({})
    .describe('Tool name → something that joins the tailnet and is none of the hosts.'),
  access: z
    .array(ruleSchema, { error: told('must be a list', 'write access: [{ from, to, why }]') })
    .default([])
    .describe('Who may reach what. Everything else is denied.'),
});

/** Secrets of the same namespace. They are read by the program alone, never parsed and never shown. */
export const secretKeys: readonly string[] = ['sshPrivateKey', 'jumpPrivateKey', 'accountTokens'];

export type MeshConfig = z.output<typeof meshSchema>;
export type SiteConfig = z.output<typeof siteSchema>;
export type HostConfig = z.output<typeof hostSchema>;
export type ServiceConfig = z.output<typeof serviceSchema>;
export type RuleConfig = z.output<typeof ruleSchema>;
