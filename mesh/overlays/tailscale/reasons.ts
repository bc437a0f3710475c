import { covers, portSet } from '../../access/ports.ts';
import type { AccessRule } from '../../access/types.ts';
import { endpointKey, keysOf, type Member } from './parties.ts';
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
  const index = { sources: indexed(rules, 'sources'), targets: indexed(rules, 'targets') };
  /** Rules that name this selector, or one who stands for it. */
  const rulesAbout = (selector: string, side: Side): ReadonlySet<AccessRule> => {
    const carrier = carriers.get(selector);
    const keys = [selector, ...(carrier === undefined ? [] : keysOf({ kind: 'member', member: carrier }))];
    return new Set(keys.flatMap((key) => index[side].get(key) ?? []));
  };
  const reasons = tests.flatMap(({ src, proto, accept }) => {
    const from = rulesAbout(src, 'sources');
    return accept.flatMap((target): [string, string][] => {
      const at = target.lastIndexOf(':');
      const port = `${proto}/${target.slice(at + 1)}`;
      const led = rulesAbout(target.slice(0, at), 'targets');
      const giving = [...led].filter((rule) => from.has(rule) && covers(portSet(rule.ports), port));
      const whys = [...new Set(giving.map(({ why }) => why))].sort();
      return whys.length === 0 ? [] : [[reasonKey(src, proto, target), whys.join('; ')]];
    });
  });
  return Object.fromEntries(reasons.sort(([a], [b]) => (a < b ? -1 : 1)));
}

type Side = 'sources' | 'targets';

/** Rules by the names of their endpoints: as the policy calls them, and in terms of the model. */
function indexed(rules: readonly AccessRule[], side: Side): Map<string, AccessRule[]> {
  const index = new Map<string, AccessRule[]>();
  for (const rule of rules)
    for (const one of rule[side])
      for (const key of [...selectors(one).map(({ text }) => text), endpointKey(one)]) {
        const listed = index.get(key);
        if (listed === undefined) index.set(key, [rule]);
        else listed.push(rule);
      }
  return index;
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
