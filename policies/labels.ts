import { resourceGuardrail, stackOf, type Finding } from './guardrail.ts';

const KEYS = ['owner', 'env', 'role', 'managed-by'] as const;

/** Types that carry labels, by where they have them. */
const LABELS: Readonly<Record<string, 'labels' | 'tags'>> = {
  'digitalocean:index/droplet:Droplet': 'tags',
  'digitalocean:index/volume:Volume': 'tags',
  'hcloud:index/firewall:Firewall': 'labels',
  'hcloud:index/floatingIp:FloatingIp': 'labels',
  'hcloud:index/loadBalancer:LoadBalancer': 'labels',
  'hcloud:index/network:Network': 'labels',
  'hcloud:index/placementGroup:PlacementGroup': 'labels',
  'hcloud:index/primaryIp:PrimaryIp': 'labels',
  'hcloud:index/server:Server': 'labels',
  'hcloud:index/sshKey:SshKey': 'labels',
  'hcloud:index/volume:Volume': 'labels',
};

/**
 * What is found at a cloud says whose it is, in which stack, for what, and that a program made it. `env` is the name of the stack, and
 * where the stack has a tag `owner` or `env` (`pulumi stack tag set`), the label says the same.
 */
export const labels = resourceGuardrail({
  name: 'labels',
  description: `What a cloud can label carries ${KEYS.join(', ')}, and they agree with the stack.`,
  severity: 'medium',
  remedy: 'Labels at Hetzner are key and value; at DigitalOcean tags of the form key:value.',
  types: Object.keys(LABELS),
  judge: ({ type, props, urn, stackTags }, known) => {
    const property = LABELS[type] ?? 'labels';
    const stack = stackOf(urn);
    const carried = known.read(() => (property === 'labels' ? keys(props.labels) : tags(props.tags)));
    if (carried === undefined) return [];
    const missing = KEYS.filter((key) => !carried.has(key));
    const absent: Finding[] =
      missing.length === 0 ? [] : [{ path: property, kind: 'missing', what: `without ${missing.join(', ')}` }];
    const others = KEYS.flatMap((key): Finding[] => {
      const path = property === 'labels' ? `labels.${key}` : 'tags';
      const values = carried.get(key);
      if (values === undefined) return [];
      const wanted =
        key === 'env' ? (stackTags.get('env') ?? stack) : key === 'owner' ? stackTags.get('owner') : undefined;
      const told = known.read(() => values().some((value) => (wanted === undefined ? value !== '' : value === wanted)));
      if (told !== false) return [];
      const source = stackTags.has(key)
        ? `the stack’s tag ${key}`
        : key === 'env'
          ? 'the name of the stack'
          : undefined;
      return [{ path, kind: key, what: source === undefined ? `${key} is empty` : `${key} is not ${source}` }];
    });
    return [...absent, ...others];
  },
});

/** By key, how to read its values: a value may be unknown where its key is not. */
type Carried = Map<string, () => string[]>;

function keys(value: unknown): Carried {
  const map = (value ?? {}) as Record<string, unknown>;
  return new Map(Object.keys(map).map((key) => [key, () => [String(map[key])]]));
}

function tags(value: unknown): Carried {
  const carried = new Map<string, string[]>();
  for (const tag of Array.isArray(value) ? Array.from<unknown>(value) : []) {
    const [key = '', ...rest] = String(tag).split(':');
    if (rest.length > 0) carried.set(key, [...(carried.get(key) ?? []), rest.join(':')]);
  }
  return new Map([...carried].map(([key, values]) => [key, () => values]));
}
