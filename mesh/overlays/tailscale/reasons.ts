import { covers, portSet } from '../../access/ports.ts';
import type { AccessRule } from '../../access/types.ts';
import { selectors } from './selectors.ts';
import type { PolicyTest } from './tests.ts';
import { reasonKey } from './verdicts.ts';

/** Why each thing that a test accepts is given: the `why` of every rule that gives it, by `reasonKey`. Sorted. */
export function reasonsOf(tests: readonly PolicyTest[], rules: readonly AccessRule[]): Record<string, string> {
  const byPair = new Map<string, AccessRule[]>();
  for (const rule of rules)
    for (const src of rule.sources.flatMap(selectors))
      for (const dst of rule.targets.flatMap(selectors)) {
        const pair = `${src.text} ${dst.text}`;
        byPair.set(pair, [...(byPair.get(pair) ?? []), rule]);
      }
  const reasons = tests.flatMap(({ src, proto, accept }) =>
    accept.flatMap((target): [string, string][] => {
      const at = target.lastIndexOf(':');
      const port = `${proto}/${target.slice(at + 1)}`;
      const giving = (byPair.get(`${src} ${target.slice(0, at)}`) ?? []).filter(({ ports }) =>
        covers(portSet(ports), port),
      );
      const whys = [...new Set(giving.map(({ why }) => why))].sort();
      return whys.length === 0 ? [] : [[reasonKey(src, proto, target), whys.join('; ')]];
    }),
  );
  return Object.fromEntries(reasons.sort(([a], [b]) => (a < b ? -1 : 1)));
}
