import type { Policies } from '@pulumi/policy';
import { authKeys } from './auth-keys.ts';
import { commands } from './commands.ts';
import { hostFirewall } from './host-firewall.ts';
import { labels } from './labels.ts';
import { disjointPrefixes } from './prefixes.ts';
import { prodBackups, prodLocked, prodProtected } from './protection.ts';
import { noPublicSsh } from './public-ssh.ts';
import { tailnetPolicyNotAllowAll, tailnetPolicyTested } from './tailnet-policy.ts';
import { worldOpen } from './world-open.ts';

/** Every guardrail, in the order of docs/guardrails.md. */
export const guardrails: Policies = [
  noPublicSsh,
  worldOpen,
  hostFirewall,
  tailnetPolicyNotAllowAll,
  tailnetPolicyTested,
  authKeys,
  prodProtected,
  prodLocked,
  prodBackups,
  disjointPrefixes,
  labels,
  commands,
];
