import { allowAllReasons } from './allow-all.ts';
import { resourceGuardrail, type Finding } from './guardrail.ts';
import { untestedReasons } from './untested.ts';

/** Where a resource type keeps the text of a tailnet policy. */
const TEXT_OF: Readonly<Record<string, string>> = {
  'mesh:index:TailnetPolicy': 'text',
  'tailscale:index/acl:Acl': 'acl',
};

/**
 * A tailnet policy that allows all is refused, by preview and by up. While its text depends on something that is not
 * created yet, a preview says that it cannot run; up then judges the real text before it is sent.
 */
export const tailnetPolicyNotAllowAll = resourceGuardrail({
  name: 'tailnet-policy-not-allow-all',
  description: 'A tailnet policy must not let everybody reach everything.',
  severity: 'critical',
  remedy:
    'Write rules that name groups, tags and ports; in this program, as intents under site-mesh:access. ' +
    'To allow nothing, write "grants": [].',
  types: Object.keys(TEXT_OF),
  judge: ({ type, props }, known) => {
    const property = TEXT_OF[type] ?? 'text';
    const reasons = known.read(() => {
      const text: unknown = props[property];
      return typeof text === 'string' ? allowAllReasons(text) : ['is missing'];
    });
    const reset = known.read(() => props.resetAclOnDestroy === true);
    return [
      ...(reasons ?? []).map((reason): Finding => ({ path: property, what: `the policy ${reason}` })),
      ...(reset === true
        ? [
            {
              path: 'resetAclOnDestroy',
              what: 'a destroy would bring back the default of the service, which allows all',
            },
          ]
        : []),
    ];
  },
});

/** A policy is pushed together with what must stay true of it: the service refuses a text whose own tests fail. */
export const tailnetPolicyTested = resourceGuardrail({
  name: 'tailnet-policy-tested',
  description:
    'A tailnet policy with rules carries tests, and one with ssh rules sshTests (where TailnetTests does not ask for logins).',
  severity: 'medium',
  remedy:
    'Write "tests" with what must be accepted and what must be denied, and "sshTests" where there are "ssh" rules; the compiler of this program does.',
  types: Object.keys(TEXT_OF),
  judge: ({ type, props }, known) => {
    const property = TEXT_OF[type] ?? 'text';
    const text = known.read((): unknown => props[property]);
    // Ours goes before any node: TailnetTests asks the service about its logins once they have joined.
    const logins = type !== 'mesh:index:TailnetPolicy';
    return typeof text === 'string' ? untestedReasons(text, logins).map((what) => ({ path: property, what })) : [];
  },
});
