import type { PolicyResource } from '@pulumi/policy';
import { stackGuardrail, type StackFinding } from './guardrail.ts';
import { isUnknown, type Known } from './unknown.ts';

const SERVER = 'hcloud:index/server:Server';
const WALL = 'hcloud:index/firewall:Firewall';
const ATTACHMENT = 'hcloud:index/firewallAttachment:FirewallAttachment';
const DROPLET = 'digitalocean:index/droplet:Droplet';
const DO_WALL = 'digitalocean:index/firewall:Firewall';

/**
 * Every server stands behind a firewall, and no firewall is empty: one without rules for what comes in, or one that no server
 * stands behind, is a mistake that looks like safety.
 *
 * Attachments are told by labels and tags, which are known in a preview, and by where a value comes from: an id of a
 * server that is not made yet is unknown, but that it is that server's id is not.
 */
export const hostFirewall = stackGuardrail({
  name: 'host-firewall',
  description: 'Every server is attached to a firewall, and no firewall is without rules or servers.',
  severity: 'critical',
  remedy:
    'Give the server the labels (Hetzner) or the tag (DigitalOcean) that its firewall selects, or attach it by id; take away a firewall that is for nobody.',
  judge: ({ resources }, known) => {
    const links = [...hetznerLinks(resources, known), ...digitalOceanLinks(resources, known)];
    return resources.flatMap((resource): StackFinding[] => {
      const open = [SERVER, DROPLET].includes(resource.type) && !links.some(({ server }) => server === resource);
      if (open && !foreign(resource))
        return [{ resource, path: 'firewall', what: `the server stands behind no firewall` }];
      if (![WALL, DO_WALL].includes(resource.type)) return [];
      const path = resource.type === WALL ? 'rules' : 'inboundRules';
      const rules = known.read(() => inbound(resource, path));
      const empty =
        rules === 0
          ? [{ resource, path, what: 'the firewall has no rule for what comes in: who reaches its servers?' }]
          : [];
      const idle = links.some(({ wall }) => wall === resource)
        ? []
        : [{ resource, path: resource.type === WALL ? 'applyTos' : 'tags', what: 'the firewall protects no server' }];
      return [...empty, ...idle];
    });
  },
});

interface Link {
  server: PolicyResource;
  wall: PolicyResource;
}

const ofType = (resources: readonly PolicyResource[], type: string): PolicyResource[] =>
  resources.filter((resource) => resource.type === type);

function hetznerLinks(resources: readonly PolicyResource[], known: Known): Link[] {
  const attachments = ofType(resources, ATTACHMENT);
  const walls = ofType(resources, WALL).map((wall) => {
    const own = attachments.filter((one) => points(one, 'firewallId', wall));
    const selectors = [
      ...(known.read(() => each(wall.props.applyTos).map((to) => selectorOf(to))) ?? []),
      ...own.flatMap((one) => known.read(() => each(one.props.labelSelectors).map(text)) ?? []),
    ];
    return { wall, own, selectors };
  });
  return ofType(resources, SERVER).flatMap((server) => {
    const labels = known.read(() => labelsOf(server)) ?? {};
    return walls
      .filter(
        ({ wall, own, selectors }) =>
          (sameAccount(server, wall) && selectors.some((selector) => selects(selector, labels))) ||
          points(server, 'firewallIds', wall) ||
          points(wall, 'applyTos', server) ||
          own.some((one) => points(one, 'serverIds', server)),
      )
      .map(({ wall }) => ({ server, wall }));
  });
}

function digitalOceanLinks(resources: readonly PolicyResource[], known: Known): Link[] {
  const tagsOf = (one: PolicyResource): string[] => known.read(() => each(one.props.tags).map(text)) ?? [];
  const walls = ofType(resources, DO_WALL).map((wall) => ({ wall, tags: tagsOf(wall) }));
  return ofType(resources, DROPLET).flatMap((server) => {
    const carried = new Set(tagsOf(server));
    return walls
      .filter(
        ({ wall, tags }) =>
          (sameAccount(server, wall) && tags.some((tag) => carried.has(tag))) ||
          points(wall, 'dropletIds', server) ||
          sharesTag(server, wall),
      )
      .map(({ wall }) => ({ server, wall }));
  });
}

/** Labels and tags are found within one account, which is what a provider is for. */
const sameAccount = (a: PolicyResource, b: PolicyResource): boolean => a.provider?.urn === b.provider?.urn;

/** Does a property hold what is known of that resource, such as its id? Told by where the value comes from: the state has it, too. */
const points = (from: PolicyResource, property: string, to: PolicyResource): boolean =>
  (from.propertyDependencies[property] ?? []).some(({ urn }) => urn === to.urn);

/** Firewalls that are not of this stack, by their ids. Unknown is what the cloud will fill in: none. */
function foreign(server: PolicyResource): boolean {
  try {
    return each(server.props.firewallIds).length > 0;
  } catch (error) {
    if (isUnknown(error)) return false;
    throw error;
  }
}

/** Tags of a tag resource that is made in the same run: their names may be unknown, that both come from it is not. */
function sharesTag(server: PolicyResource, wall: PolicyResource): boolean {
  const tags = (server.propertyDependencies.tags ?? []).map(({ urn }) => urn);
  return (wall.propertyDependencies.tags ?? []).some(({ urn, type }) => type.endsWith(':Tag') && tags.includes(urn));
}

const each = (value: unknown): unknown[] => (Array.isArray(value) ? Array.from<unknown>(value) : []);
const labelsOf = ({ props }: PolicyResource): Record<string, string> =>
  Object.fromEntries(
    Object.keys((props.labels ?? {}) as object).map((key) => [
      key,
      text((props.labels as Record<string, unknown>)[key]),
    ]),
  );
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const selectorOf = (to: unknown): string => text((to as { labelSelector?: unknown } | undefined)?.labelSelector);

/**
 * Hetzner's label selectors: `a`, `!a`, `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, joined by commas. One that cannot be
 * read selects nothing.
 */
export function selects(selector: string, labels: Readonly<Record<string, string>>): boolean {
  if (selector.trim() === '') return false;
  return selector.split(/,(?![^(]*\))/).every((part) => {
    const [, key = '', operator = '', value = ''] =
      /^\s*!?\s*([\w./-]+)\s*(==|=|!=|\bin\b|\bnotin\b)?\s*(.*?)\s*$/.exec(part) ?? [];
    if (key === '') return false;
    const own = labels[key];
    const listed = value.replaceAll(/[()\s]/g, '').split(',');
    if (operator === '') return part.trim().startsWith('!') ? own === undefined : own !== undefined && value === '';
    if (operator === '!=') return own !== value;
    if (operator === 'notin') return own === undefined || !listed.includes(own);
    if (operator === 'in') return own !== undefined && listed.includes(own);
    return own === value;
  });
}

function inbound(wall: PolicyResource, path: string): number {
  const rules = each(wall.props[path]);
  return rules.filter((rule) => (rule as { direction?: unknown }).direction !== 'out').length;
}
