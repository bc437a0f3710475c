import { worldwide } from './addresses.ts';
import { FIREWALLS, inboundRules, type Inbound } from './firewall-rules.ts';
import { resourceGuardrail, type Finding } from './guardrail.ts';

/** WireGuard of tailscaled: it answers nobody whose key it does not know, and direct connections need it. */
const OPEN = 'udp/41641';

/**
 * What is open to the world is exactly udp/41641. Sources count together with those of rules that let the same and more in, so
 * that halves in two rules are the whole.
 */
export const worldOpen = resourceGuardrail({
  name: 'world-open-only-wireguard',
  description: `The only thing that a firewall opens to the world is ${OPEN}.`,
  severity: 'critical',
  remedy: `Name the sources, or serve it over the tailnet: a service and a rule under site-mesh:access.`,
  types: FIREWALLS,
  judge: ({ type, props }, known) => {
    const rules = inboundRules(type, props, known);
    return rules.flatMap((rule): Finding[] => {
      const kind = kindOf(rule);
      const wider = rules.filter((other) => other !== rule && includes(other, rule)).flatMap(({ sources }) => sources);
      const own = worldwide(rule.sources);
      // What a wider rule opens by itself is told there.
      const families = own.length > 0 || worldwide(wider).length > 0 ? own : worldwide([...wider, ...rule.sources]);
      if (kind === OPEN || families.length === 0) return [];
      return [
        { path: rule.sourcesPath, kind, what: `${rule.path} opens ${kind} to the world (${families.join(', ')})` },
      ];
    });
  },
});

/** `udp/41641`, `tcp/8000-8080`, `icmp`. */
function kindOf({ protocol, ports }: Inbound): string {
  if (ports === undefined) return protocol;
  const [low, high] = ports;
  return `${protocol}/${low === high ? low : `${low}-${high}`}`;
}

const includes = (wide: Inbound, { protocol, ports }: Inbound): boolean =>
  wide.protocol === protocol &&
  (ports === undefined || (wide.ports !== undefined && wide.ports[0] <= ports[0] && ports[1] <= wide.ports[1]));
