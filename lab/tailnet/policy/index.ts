/**
 * The lab's own reading of a tailnet policy, independent of whatever wrote it: it judges the policies of this repository
 * as the service would. Captures of the real service's answers are the model; where two engines (the service,
 * headscale) differ, the stricter one is followed, so what passes here passes there.
 */
import { covers, parsePrefix } from './address.ts';
import { failingTests, judge, rulesOf, type TestFailure } from './evaluate.ts';
import { Faults } from './fields.ts';
import type { Json } from './hujson.ts';
import { matchesSource, type PolicyNode, type Surroundings } from './party.ts';
import { protocolNumbers } from './ports.ts';
import { readPolicy } from './read.ts';
import { readTests } from './read-other.ts';
import { failingSshTests } from './ssh-tests.ts';
import { PolicyError, type Policy, type Rule, type Selector } from './types.ts';

export { NoSuchParty, type PolicyNode, type Surroundings } from './party.ts';
export { PolicyError, type Rule } from './types.ts';
export type { TestFailure } from './evaluate.ts';

export interface Question {
  /**
   * An address (`10.77.10.10`; the node that has it lends its identity), a host alias, `tag:x` (a node with this tag
   * only), a login, `group:x` (each of its members), `autogroup:member` (somebody in no group).
   */
  src: string;
  dst: string;
  /** `tcp`, `udp`, `icmp`, … or a number. */
  proto: string;
  /** 1–65535; of no meaning for protocols without ports. */
  port?: number;
}

export interface Interpreted {
  policy: Policy;
  /** Every rule that permits anything, acls first; one that stands for all when the text has no access section. */
  rules: Rule[];
  /**
   * Whether all packets of this kind pass the packet filters. A ping passes as soon as anything is open between the
   * two: that is how tailscaled filters ICMP. Throws NoSuchParty for a name that stands for nobody.
   */
  allowed(question: Question): boolean;
  /** Where the rules stand that make `allowed` true (`grants[0]`), undefined when it is false. */
  permittedBy(question: Question): string[] | undefined;
  /** The failing ones of the policy's own `tests` and `sshTests`, or of these (`[{"src": …, "accept": […]}]`). Throws PolicyError when those are no tests. */
  failingTests(tests?: Json): TestFailure[];
  /** Whether autoApprovers enable this route when such a node first advertises it. */
  approvesRoute(route: string, node: PolicyNode): boolean;
  /** Whether this tag exists and one of the holder's tags, or the holder as a person, owns it. */
  ownsTag(tag: string, holder: { tags: string[]; user?: string }): boolean;
}

/**
 * Reads and checks a policy (HuJSON). Throws PolicyError with every fault when the service would refuse the text; failing
 * `tests` are not faults here, see `failingTests`.
 * @param around the tailnet's nodes and admins; empty by default, as before the first join.
 */
export function interpret(text: string, around: Partial<Surroundings> = {}): Interpreted {
  const policy = readPolicy(text);
  const known: Surroundings = { nodes: around.nodes ?? [], admins: around.admins ?? [] };
  const permittedBy = (question: Question): string[] | undefined => {
    const protocol = protocolNumbers(question.proto)?.[0];
    if (protocol === undefined)
      throw new TypeError(`proto: ${JSON.stringify(question.proto)} is no protocol; write tcp, udp, icmp or a number`);
    const rules = judge(policy, known, { src: question.src, dst: question.dst, protocol, port: question.port ?? 0 });
    return rules === undefined ? undefined : [...new Set(rules.map((rule) => rule.where))];
  };
  const owns = (owners: Selector[], holder: { tags: string[]; user?: string }): boolean =>
    owners.some((owner) =>
      matchesSource(
        owner,
        { addresses: [], tags: holder.tags, login: holder.tags.length > 0 ? undefined : holder.user },
        known,
      ),
    );
  return {
    policy,
    rules: rulesOf(policy),
    permittedBy,
    allowed: (question) => permittedBy(question) !== undefined,
    failingTests(tests) {
      if (tests === undefined) return [...failingTests(policy, known, policy.tests), ...failingSshTests(policy, known)];
      const faults = new Faults();
      const read = readTests(tests, 'tests', faults);
      if (faults.list.length > 0) throw new PolicyError(faults.list);
      return failingTests(policy, known, read);
    },
    approvesRoute(route, node) {
      const prefix = parsePrefix(route);
      if (prefix === undefined) return false;
      const holder = { tags: node.tags, ...(node.user === undefined ? {} : { user: node.user }) };
      if (prefix.bits === 0) return owns(policy.autoApprovers.exitNode, holder);
      return policy.autoApprovers.routes.some((entry) => covers(entry.prefix, prefix) && owns(entry.approvers, holder));
    },
    ownsTag(tag, holder) {
      const owners = policy.tagOwners.get(tag);
      if (owners === undefined) return false;
      // Admins may use any tag that exists; `[]` names nobody else.
      return (holder.user !== undefined && known.admins.includes(holder.user)) || owns(owners, holder);
    },
  };
}
