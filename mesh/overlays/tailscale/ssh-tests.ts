import type { AccessRule, SshAccess } from '../../access/types.ts';
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
  const logins = rules.flatMap(({ ssh, ...rule }) => (ssh === undefined ? [] : [{ ...rule, ssh }]));
  const reach = new Reach(logins);
  const nodes = nodesBy(around.members);
  const tags = targetTags(logins, nodes);
  // A LAN host is no node, so it can have no login; and the service has no test of it.
  return subjects(rules, { ...around, lanHosts: [] }, nodes).flatMap((subject) =>
    near(tags, ownTargets(reach, subject)).flatMap((tag) => testOf(subject, tag, reach)),
  );
}

type Login = AccessRule & { ssh: SshAccess };
type Way = 'accept' | 'check' | 'deny';

function testOf(subject: Named, tag: Named, reach: Reach<Login>): SshTest[] {
  const kinds = reach.between(subject, tag);
  const users = reach.rulesTo(tag).flatMap(({ ssh }) => ssh.users);
  const logins = [...new Set([ROOT, ...users.map((user) => (user === NONROOT ? ANYBODY : user))])].sort();
  const said = logins.flatMap((login) => {
    const ways = new Set(kinds.flatMap(({ rules }) => waysOf(rules, login)));
    return ways.size === 1 ? [...ways].map((way) => ({ login, way })) : [];
  });
  const of = (way: Way): string[] => said.filter((one) => one.way === way).map(({ login }) => login);
  const test = { src: subject.text, dst: [tag.text], accept: of('accept'), check: of('check'), deny: of('deny') };
  return said.length === 0 ? [] : [test];
}

/** What these rules do about a login. */
function waysOf(rules: readonly Login[], login: string): Way[] {
  const giving = rules.filter(({ ssh }) =>
    ssh.users.some((user) => user === login || (user === NONROOT && login !== ROOT)),
  );
  return giving.length === 0 ? ['deny'] : giving.map(({ ssh }) => (ssh.check === undefined ? 'accept' : 'check'));
}
