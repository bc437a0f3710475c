import { z } from 'zod';
import * as field from '../fields.ts';
import { mapping } from './mapping.ts';

export const groupSchema = field
  .listOf(field.email, 'list the people, for example [ada@example.com], or remove the group')
  .describe('Logins of people, as the tailnet knows them.');

export const serviceSchema = z
  .strictObject(
    {
      on: field
        .listOf(field.placeSelector, 'list host names or roles, for example [fra-db-01] or [role:router]')
        .describe('Where it runs: host names, or role:NAME. role:router is every subnet router.'),
      ports: field
        .listOf(field.port, 'list ports, for example [tcp/5432]')
        .describe('Ports: tcp/5432, udp/53, or a range tcp/8000-8080.'),
    },
    mapping('write { on, ports }'),
  )
  .describe('Something that runs on hosts and listens on ports.');

export const toolSchema = z
  .strictObject(
    { why: field.why.describe('One line for people: what it is and why it joins.') },
    mapping('write { why }'),
  )
  .describe(
    'Something that joins the tailnet and is none of the hosts, such as a CI runner. It carries tag:tool-NAME, and reaches what names tool:NAME as its source.',
  );

const sshAccessSchema = z
  .strictObject(
    {
      on: field
        .listOf(field.placeSelector, 'list host names or roles, for example [role:router]')
        .describe('Where: host names, or role:NAME. Members only; those run Tailscale SSH.'),
      users: field
        .listOf(field.sshUser, 'list logins on the hosts, for example [ops]')
        .describe('Logins on the hosts that it gives. autogroup:nonroot is every one but root.'),
      check: field.checkPeriod
        .optional()
        .describe(
          'People log in to the tailnet again before they connect, and that holds for this long: 1m to 168h, or always. Default: accepted without. Example: 12h',
        ),
    },
    mapping('write ssh: { on, users }'),
  )
  .describe('Logins by Tailscale SSH, which needs no key on the host.');

export const ruleSchema = z
  .strictObject(
    {
      from: field
        .listOf(field.sourceSelector, 'list who may connect, for example [group:sre]')
        .describe(
          'Who: group:NAME, site:NAME (its members, and everybody on its LAN where that can open connections), role:NAME (members, and LAN hosts likewise) or tool:NAME.',
        ),
      to: field.serviceName.optional().describe('Name of a service. Either this or ssh.'),
      ssh: sshAccessSchema.optional(),
      until: field.date
        .optional()
        .describe(
          'Last day on which it holds, UTC; the first up after it takes the permission away. Default: for good. Example: 2027-06-30',
        ),
      why: field.why.describe('One line for people; it stands in the policy and in previews.'),
    },
    mapping('write { from, to, why }, or { from, ssh, why }'),
  )
  .meta({ oneOf: [{ required: ['to'] }, { required: ['ssh'] }] })
  .describe('A permission. What no rule gives is denied.');
