import type { ResourceValidationPolicy } from '@pulumi/policy';
import { allowAllReasons } from './allow-all.ts';

/** Where a resource type keeps the text of a tailnet policy. */
const TEXT_OF: Readonly<Record<string, string>> = {
  'mesh:index:TailnetPolicy': 'text',
  'tailscale:index/acl:Acl': 'acl',
};

const REMEDY =
  'Write rules that name groups, tags and ports; in this program, as intents under site-mesh:access. ' +
  'To allow nothing, write "grants": [].';

/**
 * A tailnet policy that allows all is refused, by preview and by up. While its text depends on something that is not
 * created yet, a preview says that it cannot run; up then judges the real text before it is sent.
 */
export const tailnetPolicyNotAllowAll: ResourceValidationPolicy = {
  name: 'tailnet-policy-not-allow-all',
  description: 'A tailnet policy must not let everybody reach everything.',
  enforcementLevel: 'mandatory',
  severity: 'critical',
  remediationSteps: REMEDY,
  validateResource: ({ type, props }, reportViolation) => {
    const property = TEXT_OF[type];
    if (property === undefined) return;
    const text: unknown = props[property];
    const reasons = typeof text === 'string' ? allowAllReasons(text) : ['is missing'];
    for (const reason of reasons) reportViolation(`${property}: the policy ${reason}. ${REMEDY}`);
  },
};
