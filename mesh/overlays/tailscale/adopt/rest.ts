import { TAILNET_RANGE, TAILNET_RANGE6 } from '../../../config/clouds.ts';
import { parseRange, type Range } from '../policy/ranges.ts';
import type { PolicyReading } from '../policy/read.ts';
import { OWNER_TAG } from '../tags.ts';
import type { Draft, Leftover } from './types.ts';

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
      what: path.replace(/[.[].*/s, ''),
      why,
      todo: 'the program does not write it: with the first push it is gone. Set it another way, or do without',
    });
}

function approvers(draft: Draft, all: ReadonlyMap<string, readonly string[]>): void {
  for (const [prefix, who] of all) {
    const path = approvalPath(prefix);
    if (draft.around.sites.some(({ cidr, cidr6 }) => prefix === cidr || prefix === cidr6))
      draft.covered.push(`${path}: the routers of the site that has this prefix may advertise it, and nobody else`);
    else draft.leftovers.push({ path, what: who.join(', '), ...refusal(prefix) });
  }
}

function approvalPath(prefix: string): string {
  if (prefix === 'exitNode') return 'autoApprovers.exitNode';
  return `autoApprovers.${prefix.startsWith('svc:') ? 'services' : 'routes'}["${prefix}"]`;
}

function refusal(prefix: string): Pick<Leftover, 'why' | 'todo'> {
  if (inTailnet(prefix))
    return {
      why: 'these are the addresses of the tailnet itself, which no router stands in front of: whoever advertises a part of it would draw traffic of other nodes',
      todo: 'leave it out; each site’s own prefix is approved for its own routers',
    };
  if (prefix === 'exitNode') return { why: 'the mesh has no exit nodes', todo: 'leave it out' };
  if (prefix.startsWith('svc:'))
    return { why: 'Tailscale services are not made here', todo: 'leave it out, or name the hosts that serve it' };
  return {
    why: 'no site of this stack has this prefix, and routers advertise their own site only',
    todo: 'declare the network as a site with this cidr, or leave it out',
  };
}

function rangesOf(prefix: string): Range[] {
  const range = parseRange(prefix);
  return typeof range === 'object' ? [range] : [];
}

const TAILNET = [TAILNET_RANGE, TAILNET_RANGE6].flatMap(rangesOf);
const inTailnet = (prefix: string): boolean =>
  rangesOf(prefix).some(([first, last]) => TAILNET.some(([low, high]) => low <= first && last <= high));

function owners(draft: Draft, all: ReadonlyMap<string, readonly string[]>): void {
  const given = [...all].filter(([tag, who]) => tag !== OWNER_TAG && who.some((one) => one !== OWNER_TAG));
  if (given.length === 0) return;
  const list = given.map(([tag, who]) => `${tag} (${who.join(', ')})`).join('; ');
  draft.covered.push(
    `tagOwners: people give ${list} now; afterwards the deploying credential (${OWNER_TAG}) alone gives tags, so a machine joins by a reviewed change. Devices keep the tags that they have`,
  );
}
