import { covers, portSet } from '../../access/ports.ts';
import type { AccessRule, Endpoint } from '../../access/types.ts';
import { standsFor, type Member } from './parties.ts';
import { selectors } from './selectors.ts';
import { hostTag, roleTag, siteRouterTag, siteTag } from './tags.ts';
import type { PolicyTest } from './tests.ts';
import { reasonKey } from './verdicts.ts';

/**
 * Why each thing that a test accepts is given: the `why` of the rules that give it to one who carries the source's tag, by
 * `reasonKey`. Sorted.
 */
export function reasonsOf(
  tests: readonly PolicyTest[],
  rules: readonly AccessRule[],
  members: readonly Member[],
): Record<string, string> {
  const carriers = firstCarriers(members);
  const known = new Map<string, ReadonlySet<AccessRule>>();
  /** Rules that name this selector, or somebody who stands for it. */
  const rulesAbout = (selector: string, side: 'sources' | 'targets'): ReadonlySet<AccessRule> => {
    const key = `${side} ${selector}`;
    const carrier = carriers.get(selector);
    const about = (one: Endpoint): boolean =>
      selectors(one).some(({ text }) => text === selector) ||
      (carrier !== undefined && standsFor(one, { kind: 'member', member: carrier }));
    const found = known.get(key) ?? new Set(rules.filter((rule) => rule[side].some(about)));
    known.set(key, found);
    return found;
  };
  const reasons = tests.flatMap(({ src, proto, accept }) =>
    accept.flatMap((target): [string, string][] => {
      const at = target.lastIndexOf(':');
      const port = `${proto}/${target.slice(at + 1)}`;
      const led = rulesAbout(target.slice(0, at), 'targets');
      const giving = [...rulesAbout(src, 'sources')].filter(
        (rule) => led.has(rule) && covers(portSet(rule.ports), port),
      );
      const whys = [...new Set(giving.map(({ why }) => why))].sort();
      return whys.length === 0 ? [] : [[reasonKey(src, proto, target), whys.join('; ')]];
    }),
  );
  return Object.fromEntries(reasons.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Tag → the first member that carries it. */
function firstCarriers(members: readonly Member[]): Map<string, Member> {
  const carriers = new Map<string, Member>();
  for (const member of members) {
    const { name, site, roles, router } = member;
    const tags = [siteTag(site), hostTag(name), ...roles.map(roleTag)];
    if (router) tags.push(roleTag('router'), siteRouterTag(site));
    for (const tag of tags) if (!carriers.has(tag)) carriers.set(tag, member);
  }
  return carriers;
}
