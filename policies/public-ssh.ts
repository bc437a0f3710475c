import { worldwide } from './addresses.ts';
import { FIREWALLS, inboundRules, type Inbound } from './firewall-rules.ts';
import { resourceGuardrail } from './guardrail.ts';

const SSH = 22;
const admitsSsh = ({ protocol, ports }: Inbound): boolean =>
  ['tcp', 'any', 'all', ''].includes(protocol) && ports !== undefined && ports[0] <= SSH && SSH <= ports[1];

/**
 * SSH on public addresses is for the deploying side. The sources of all rules that let tcp/22 in count together, so that two
 * halves of the internet in two rules are the internet.
 */
export const noPublicSsh = resourceGuardrail({
  name: 'no-public-ssh',
  description: 'No firewall lets the world in to tcp/22.',
  severity: 'critical',
  remedy:
    'Name the networks that you deploy from (site-mesh:ssh.from), or a jump host; everybody else reaches hosts over the tailnet.',
  types: FIREWALLS,
  judge: ({ type, props }, known) => {
    const rules = inboundRules(type, props, known).filter(admitsSsh);
    const families = worldwide(rules.flatMap(({ sources }) => sources));
    if (families.length === 0) return [];
    const alone = rules.filter(({ sources }) => worldwide(sources).length > 0);
    return (alone.length > 0 ? alone : rules).map(({ path, sourcesPath, ports, sources }) => {
      const own = worldwide(sources);
      const [low, high] = ports ?? [SSH, SSH];
      const which = low === high ? 'tcp/22' : `tcp/22 (in the range ${low}-${high})`;
      const who = own.length > 0 ? own : families;
      const together = own.length > 0 ? '' : `, together with the other rules for it`;
      return { path: sourcesPath, what: `${path} opens ${which} to the world (${who.join(', ')})${together}` };
    });
  },
});
