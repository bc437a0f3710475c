import { covers, ends } from '../../access/ports.ts';
import type { AccessRule, Endpoint } from '../../access/types.ts';
import { Reach, standsFor, type Member, type Named, type Party } from './parties.ts';
import { selectors } from './selectors.ts';
import { siteTag } from './tags.ts';
import { chosen, PROBE, sortedPorts, testedLanHosts, type LanHost, type PolicyTest } from './tests.ts';

/** Who can be named besides what the rules name. */
export interface Around {
  /** Group → logins of its people. */
  groups: Readonly<Record<string, readonly string[]>>;
  members: readonly Member[];
  /** As for the policy's own tests. */
  lanHosts: readonly LanHost[];
}

/** Sites that no rule names as a source, and that are tested as one all the same: nothing must pass from there. */
const SILENT_SITES = 8;

/**
 * Tests that hold once every member has joined, in the array form that the service validates against its live policy: a tag
 * as a source or a destination fails while no node carries it, so none of these can stand in the policy, which goes first.
 * For each source of an intent, and some sites that are none: accept what the intents give it, deny the other service ports
 * and SSH there, and all of that on some sites and roles that it must not reach. A tag is all its nodes: where some of them
 * pass and others do not, nothing is said.
 * @returns sorted by source, at most one test for each source and protocol; `proto` is always set
 */
export function joinedTests(rules: readonly AccessRule[], around: Around): PolicyTest[] {
  const reach = new Reach(rules);
  const sites = siteTags(around.members);
  const tags = targetTags(rules, around.members);
  const hosts = targetHosts(rules);
  return subjects(rules, around).flatMap((subject) => {
    // What people and LAN hosts get from LAN hosts stands in the policy already.
    const targets = [tags, sites, ...(subject.text.startsWith('tag:') ? [hosts] : [])];
    return testsOf(
      subject,
      targets.flatMap((all) => near(reach, subject, all)),
      reach,
    );
  });
}

/** What the source reaches, and the first few by name that it does not. */
function near(reach: Reach, subject: Named, targets: readonly Named[]): Named[] {
  const texts = (all: readonly Named[]): string[] => all.map(({ text }) => text);
  const reached = targets.filter((target) => reach.ports(subject, target).some(({ size }) => size > 0));
  const names = new Set(chosen(texts(targets), new Set(texts(reached))));
  return targets.filter(({ text }) => names.has(text));
}

function testsOf(subject: Named, targets: readonly Named[], reach: Reach): PolicyTest[] {
  const byProto = new Map<string, PolicyTest>();
  for (const target of targets) {
    const given = reach.ports(subject, target);
    for (const port of sortedPorts([PROBE, ...reach.rulesTo(target).flatMap(({ ports }) => ports.flatMap(ends))])) {
      const passing = given.filter((ports) => covers(ports, port)).length;
      const [proto = '', number = ''] = port.split('/');
      // The service has no test of icmp.
      if ((passing !== 0 && passing !== given.length) || (proto !== 'tcp' && proto !== 'udp')) continue;
      const test = byProto.get(proto) ?? { src: subject.text, proto, accept: [], deny: [] };
      byProto.set(proto, test);
      (passing > 0 ? test.accept : test.deny).push(`${target.text}:${number}`);
    }
  }
  return [...byProto.values()].sort((a, b) => (a.proto < b.proto ? -1 : 1));
}

/** Groups, tags and LAN hosts that are tested as sources; sorted by name. */
export function subjects(rules: readonly AccessRule[], { groups, members, lanHosts }: Around): Named[] {
  const named = endpoints(rules, 'sources');
  const used = named.flatMap((one) => (one.kind === 'group' ? [one.name] : []));
  const people = used.map((group): Named => ({
    text: `group:${group}`,
    parties: (groups[group] ?? []).map((person) => ({ kind: 'person', groups: groupsOf(person, groups) })),
  }));
  const tagged = named.flatMap((one) => tagOf(one, members));
  const silent = siteTags(members)
    .filter(({ text }) => !tagged.some((tag) => tag.text === text))
    .slice(0, SILENT_SITES);
  const lan = testedLanHosts(rules, lanHosts).flatMap((host) =>
    selectors(host).map(({ text }): Named => ({ text, parties: [{ kind: 'lan-host', host }] })),
  );
  return distinct([...people, ...tagged, ...silent, ...lan]).filter(({ parties }) => parties.length > 0);
}

/** Tags that rules lead to. */
export const targetTags = (rules: readonly AccessRule[], members: readonly Member[]): Named[] =>
  distinct(endpoints(rules, 'targets').flatMap((one) => tagOf(one, members)));

/** LAN hosts that rules lead to, by their aliases. */
const targetHosts = (rules: readonly AccessRule[]): Named[] =>
  distinct(
    endpoints(rules, 'targets').flatMap((one): Named[] =>
      one.kind === 'lan-host'
        ? selectors(one).map(({ text }) => ({ text, parties: [{ kind: 'lan-host', host: { ...one, site: '' } }] }))
        : [],
    ),
  );

/** An endpoint that is a tag, with its nodes; nothing where it is none, or no node carries it. */
function tagOf(endpoint: Endpoint, members: readonly Member[]): Named[] {
  const parties = members
    .map((member): Party => ({ kind: 'member', member }))
    .filter((party) => standsFor(endpoint, party));
  return parties.length === 0 ? [] : selectors(endpoint).map(({ text }) => ({ text, parties }));
}

const siteTags = (members: readonly Member[]): Named[] =>
  [...new Set(members.map(({ site }) => site))].sort().map((site) => ({
    text: siteTag(site),
    parties: members.filter((member) => member.site === site).map((member) => ({ kind: 'member', member })),
  }));

const groupsOf = (person: string, groups: Around['groups']): ReadonlySet<string> =>
  new Set(Object.entries(groups).flatMap(([group, people]) => (people.includes(person) ? [group] : [])));

function endpoints(rules: readonly AccessRule[], side: 'sources' | 'targets'): Endpoint[] {
  const all = new Map(rules.flatMap((rule) => rule[side]).map((one) => [JSON.stringify(one), one]));
  return [...all.values()];
}

const distinct = (all: readonly Named[]): Named[] =>
  [...new Map(all.map((one) => [one.text, one])).values()].sort((a, b) => (a.text < b.text ? -1 : 1));
