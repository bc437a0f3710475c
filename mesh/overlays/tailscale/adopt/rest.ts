import { parseRange, type Range } from '../policy/ranges.ts';
import type { PolicyReading } from '../policy/read.ts';
import { OWNER_TAG } from '../tags.ts';
import type { Draft } from './types.ts';

/** What is in a policy besides network rules. */
export function adoptRest(draft: Draft, { policy, unjudged }: PolicyReading): void {
  approvers(draft, policy.approvers);
  owners(draft, policy.tagOwners);
  if (policy.tests.length > 0)
    draft.covered.push(
      `tests (${policy.tests.length}): the program writes tests from the intents, and the service runs them at each push`,
    );
  for (const { path, why } of unjudged)
    draft.leftovers.push({
      path,
      what: path.split(/[.[]/)[0] ?? path,
      why,
      todo: 'the program does not write it: with the first push it is gone. Set it another way, or do without',
    });
}

function approvers(draft: Draft, all: ReadonlyMap<string, readonly string[]>): void {
  for (const [prefix, who] of all) {
    const path = prefix === 'exitNode' ? 'autoApprovers.exitNode' : `autoApprovers.routes["${prefix}"]`;
    const what = who.join(', ');
    if (draft.around.sites.some(({ cidr, cidr6 }) => prefix === cidr || prefix === cidr6))
      draft.covered.push(`${path}: the routers of the site that has this prefix may advertise it, and nobody else`);
    else if (prefix === 'exitNode')
      draft.leftovers.push({ path, what, why: 'the mesh has no exit nodes', todo: 'leave it out' });
    else if (inside(prefix, '100.64.0.0/10') || inside(prefix, 'fd7a:115c:a1e0::/48'))
      draft.leftovers.push({
        path,
        what,
        why: 'these are the addresses of the tailnet itself, which no router stands in front of: whoever advertises a part of it would draw traffic of other nodes',
        todo: 'leave it out; each site’s own prefix is approved for its own routers',
      });
    else
      draft.leftovers.push({
        path,
        what,
        why: 'no site of this stack has this prefix, and routers advertise their own site only',
        todo: 'declare the network as a site with this cidr, or leave it out',
      });
  }
}

function inside(prefix: string, outer: string): boolean {
  const [a, b] = [parseRange(prefix), parseRange(outer)];
  const isRange = (one: unknown): one is Range => Array.isArray(one);
  return isRange(a) && isRange(b) && b[0] <= a[0] && a[1] <= b[1];
}

function owners(draft: Draft, all: ReadonlyMap<string, readonly string[]>): void {
  const given = [...all].filter(([tag, who]) => tag !== OWNER_TAG && who.some((one) => one !== OWNER_TAG));
  if (given.length === 0) return;
  const list = given.map(([tag, who]) => `${tag} (${who.join(', ')})`).join('; ');
  draft.covered.push(
    `tagOwners: people give ${list} now; afterwards the deploying credential (${OWNER_TAG}) alone gives tags, so a machine joins by a reviewed change. Devices keep the tags that they have`,
  );
}
