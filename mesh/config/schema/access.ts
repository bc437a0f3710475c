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

export const ruleSchema = z
  .strictObject(
    {
      from: field
        .listOf(field.sourceSelector, 'list who may connect, for example [group:sre]')
        .describe(
          'Who: group:NAME, site:NAME (its members, and everybody on its LAN where that can open connections) or role:NAME (members, and LAN hosts likewise).',
        ),
      to: field.serviceName.describe('Name of a service.'),
      why: field.why.describe('One line for people; it stands in the policy and in previews.'),
    },
    mapping('write { from, to, why }'),
  )
  .describe('A permission. What no rule gives is denied.');
