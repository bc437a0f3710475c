import type { AccessRule } from '../../access/types.ts';
import { near, nodesBy, ownTargets, subjects, targetTags, type Around } from './joined-tests.ts';
import { Reach, type Named } from './parties.ts';

/** One test of logins by Tailscale SSH, as the section `sshTests` of a policy has it. */
export interface SshTest {
  src: string;
  /** Tags. */
  dst: string[];
  /** Logins that it gets at once. */
  accept: string[];
  /** Logins that it gets after a check. */
  check: string[];
  deny: string[];
}

/**
 * A policy with tests of logins added, for the service to validate (never to be pushed: it would fail while a tag has no node).
 * @param text a policy that ends with its closing brace, HuJSON
 */
export function withSshTests(text: string, tests: readonly SshTest[]): string {
  const end = text.trimEnd();
  if (!end.endsWith('}')) throw new RangeError('the policy does not end with its closing brace');
  const before = end.slice(0, -1).trimEnd();
  return `${before}${/[,{]$/.test(before) ? '' : ','}\n\t"sshTests": ${JSON.stringify(tests)},\n}\n`;
}

const ROOT = 'root';
const NONROOT = 'autogroup:nonroot';
/** A login that no rule names: every one but root is meant where it is given. */
const ANYBODY = 'nobody';

/**
 * Tests of the logins that intents give, for when every member has joined: the destination of each is a tag, which stands
 * for nobody before. For each group and tag that some intent names, on every tag where it gets logins and some that
 * others lead to: the logins that it gets, with a check or without, and that it gets no other login of any intent there,
 * and not root. Where two intents differ about a login, or some of a tag's nodes from others, nothing is said.
 * @returns sorted by source, then tag
 */
export function sshTests(rules: readonly AccessRule[], around: Around): SshTest[] {
  const logins = rules.filter(({ ssh }) => ssh !== undefined);
  if (logins.length === 0) return [];
  const reach = new Reach(logins);
  const nodes = nodesBy(around.members);
  const tags = targetTags(logins, nodes);
  // A LAN host is no node, so it can have no login; and the service has no test of it.
  return subjects(rules, { ...around, lanHosts: [] }, nodes).flatMap((subject) =>
    near(tags, ownTargets(reach, subject)).flatMap((tag) => testOf(subject, tag, reach)),
  );
}

function testOf(subject: Named, tag: Named, reach: Reach): SshTest[] {
  const test: SshTest = { src: subject.text, dst: [tag.text], accept: [], check: [], deny: [] };
  const kinds = reach.between(subject, tag);
  const named = reach.rulesTo(tag).flatMap(({ ssh }) => ssh?.users ?? []);
  for (const login of [...new Set([ROOT, ...named.map((user) => (user === NONROOT ? ANYBODY : user))])].sort()) {
    const ways = new Set(kinds.map(({ rules }) => how(rules, login)));
    const [way] = ways;
    if (ways.size === 1 && way !== undefined && way !== 'both') test[way].push(login);
  }
  return test.accept.length + test.check.length + test.deny.length === 0 ? [] : [test];
}

/** What these rules do about a login. */
function how(rules: readonly AccessRule[], login: string): 'accept' | 'check' | 'deny' | 'both' {
  const giving = rules.flatMap(({ ssh }) =>
    ssh?.users.some((user) => user === login || (user === NONROOT && login !== ROOT)) === true ? [ssh] : [],
  );
  if (giving.length === 0) return 'deny';
  const checked = giving.filter(({ check }) => check !== undefined).length;
  if (checked === 0) return 'accept';
  return checked === giving.length ? 'check' : 'both';
}
