import type { MeshConfig } from '../../../../../mesh/config/index.ts';
import { adopt, around, type Adoption } from '../../../../../mesh/overlays/tailscale/adopt/index.ts';
import { readPolicy } from '../../../../../mesh/overlays/tailscale/policy/index.ts';
import { accepted, sixRaw } from '../../fixtures.ts';

/** Of a policy in force: a group may be empty there. */
export const adoptedInto = (config: MeshConfig, text: string): Adoption =>
  adopt(readPolicy(text, { emptyGroups: 'taken' }), around(config));

/** The wide stack with IPv6 at one site and a tool, and nothing that anybody may do. */
const wideRaw = () => ({
  ...sixRaw(),
  tools: { ci: { why: 'runs the releases' } },
  groups: {},
  services: {},
  access: [],
});

export const intoWide = (text: string, more: object = {}): Adoption =>
  adoptedInto(accepted({ ...wideRaw(), ...more }), text);

const SRE = { 'group:sre': ['grace@example.com'] };

/** A policy of these sections, on one line; every tag that these texts name has an owner. */
export function policy(sections: { groups?: object; tagOwners?: object; [section: string]: unknown }): string {
  const tags = [...new Set(JSON.stringify(sections).match(/tag:[A-Za-z0-9-]+/g))].map((tag): [string, string[]] => [
    tag,
    [],
  ]);
  return JSON.stringify({
    acls: [],
    ...sections,
    groups: { ...SRE, ...sections.groups },
    tagOwners: { ...Object.fromEntries(tags), ...sections.tagOwners },
  });
}

export const grant = (src: string | string[], dst: string | string[], ...ip: string[]) => ({
  src: [src].flat(),
  dst: [dst].flat(),
  ip: ip.length === 0 ? ['tcp:443'] : ip,
});
