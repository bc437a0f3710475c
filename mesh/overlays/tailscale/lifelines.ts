import { parse } from 'jsonc-parser';
import { ends } from '../../access/ports.ts';
import type { AccessRule } from '../../access/types.ts';
import { selectors } from './selectors.ts';
import { lists, member } from './within.ts';

/** What a policy must never take away: the way in when all else fails, and what the deploying side works with. */
export interface Lifelines {
  /** Tag of the deploying credential: it must own every tag of `tags`. */
  ownerTag: string;
  /** Every tag that the program gives to nodes, sorted. */
  tags: string[];
  /** Every prefix that nodes advertise, and their tags: one of these must be its approver. */
  routes: { prefix: string; tags: string[] }[];
  /** What the service is asked after each push; empty without a break-glass group. */
  tests: LifelineTest[];
}

/** One test in the service's array form, and when it can be asked. */
export interface LifelineTest {
  src: string;
  proto: string;
  accept: string[];
  /** Tags that some node must carry: of a tag without nodes the service says no, whatever the policy. */
  needs: string[];
}

/** Tags and prefixes of a node as the program makes it. */
interface NodeTags {
  tags: readonly string[];
  advertises: readonly string[];
}

/**
 * @param nodes every member that the program makes
 * @param rules what the break-glass group must keep; its targets are what the service is asked about
 */
export function lifelines(ownerTag: string, nodes: readonly NodeTags[], rules: readonly AccessRule[]): Lifelines {
  const routes = nodes.flatMap(({ tags, advertises }) =>
    advertises.map((prefix) => ({ prefix, tags: [...tags].sort() })),
  );
  return {
    ownerTag,
    tags: [...new Set(nodes.flatMap(({ tags }) => tags))].sort(),
    routes: distinct(routes),
    tests: distinct(rules.flatMap(testsOf)),
  };
}

/** One test for each target and protocol, so that those that cannot be asked yet keep no other one back. */
function testsOf(rule: AccessRule): LifelineTest[] {
  return rule.sources.flatMap(selectors).flatMap(({ text: src }) =>
    rule.targets.flatMap(selectors).flatMap(({ text: target }) => {
      const byProto = new Map<string, string[]>();
      for (const port of rule.ports.flatMap(ends)) {
        const [proto = '', number = ''] = port.split('/');
        byProto.set(proto, [...(byProto.get(proto) ?? []), `${target}:${number}`]);
      }
      const needs = [src, target].filter((name) => name.startsWith('tag:'));
      return [...byProto].map(([proto, accept]) => ({ src, proto, accept: [...new Set(accept)], needs }));
    }),
  );
}

/** Sorted, without doubles. */
const distinct = <T>(all: readonly T[]): T[] =>
  [...new Map(all.map((one) => [JSON.stringify(one), one]))].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);

/**
 * What of the deploying side a policy text would cut off, one line each; empty when nothing.
 * @param text HuJSON with lower-case keys, as the program writes it
 */
export function severed(text: string, { ownerTag, tags, routes }: Lifelines): string[] {
  const policy: unknown = parse(text);
  const owners = member(policy, 'tagOwners');
  const approvers = member(member(policy, 'autoApprovers'), 'routes');
  return [
    ...(member(owners, ownerTag) === undefined
      ? [`tagOwners["${ownerTag}"]: the tag of the deploying credential has no owner`]
      : []),
    ...tags
      .filter((tag) => !lists(member(owners, tag), ownerTag))
      .map((tag) => `tagOwners["${tag}"]: ${ownerTag} does not own it, so no host could join with it`),
    ...new Set(
      routes
        .filter(({ prefix, tags: carried }) => !carried.some((tag) => lists(member(approvers, prefix), tag)))
        .map(({ prefix }) => `autoApprovers.routes["${prefix}"]: names no tag of the routers that advertise it`),
    ),
  ];
}
