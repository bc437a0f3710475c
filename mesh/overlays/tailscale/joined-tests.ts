import { covers, ends } from '../../access/ports.ts';
import type { AccessRule, Endpoint } from '../../access/types.ts';
import { endpointKey, keysOf, Reach, type LanHost, type Member, type Named, type Party } from './parties.ts';
import { selectors } from './selectors.ts';
import { chosen, PROBE, singlePorts, testedLanHosts, type PolicyTest } from './tests.ts';

/** Who can be named besides what the rules name. */
export interface Around {
  /** Group → logins of its people. */
  groups: Readonly<Record<string, readonly string[]>>;
  members: readonly Member[];
  /** As for the policy's own tests. */
  lanHosts: readonly LanHost[];
}

/** Sites, and routers of sites, that no intent names as a source and that are tested as one all the same: nothing must pass from there. */
const SILENT_SITES = 8;

/**
 * Tests that hold once every member has joined, in the array form that the service validates against its live policy: a tag
 * as a source or a destination fails while no node carries it, so none of these can stand in the policy, which goes first.
 * For each source of an intent, and some sites that are none: accept what the intents give it, deny the other service ports
 * and SSH there, and all of that on some sites, roles and hosts that it is not given. A tag is all its nodes: where some of
 * them pass and others do not, nothing is said.
 * @returns sorted by source, at most one test for each source and protocol; `proto` is always set. Their size grows with what
 *   intents name, not with hosts
 */
export function joinedTests(rules: readonly AccessRule[], around: Around): PolicyTest[] {
  // What the mesh needs itself is icmp, of which the service has no test; nodes that only that divides are one kind.
  const reach = new Reach(rules.filter(({ implicit }) => !implicit));
  const nodes = nodesBy(around.members);
  const [tags, sites, hosts] = [targetTags(rules, nodes), siteTags(nodes), targetHosts(rules)];
  return subjects(rules, around, nodes).flatMap((subject) => {
    const own = ownTargets(reach, subject);
    // What people and LAN hosts get from LAN hosts stands in the policy already.
    const lists = [tags, sites, ...(subject.text.startsWith('tag:') ? [hosts] : [])];
    return testsOf(
      subject,
      lists.flatMap((all) => near(all, own)),
      reach,
    );
  });
}

/** Names that the rules of a source lead to. */
export const ownTargets = (reach: Reach, subject: Named): ReadonlySet<string> =>
  new Set(reach.rulesFrom(subject).flatMap(({ targets }) => targets.flatMap(selectors).map(({ text }) => text)));

/** Of these targets the own ones, and the first few by name that are not. */
export function near(targets: readonly Named[], own: ReadonlySet<string>): Named[] {
  const texts = targets.map(({ text }) => text);
  const names = chosen(texts, new Set(texts.filter((text) => own.has(text))));
  return targets.filter(({ text }) => names.has(text));
}

function testsOf(subject: Named, targets: readonly Named[], reach: Reach): PolicyTest[] {
  const byProto = new Map<string, PolicyTest>();
  for (const target of targets) {
    const given = reach.between(subject, target);
    for (const port of singlePorts([PROBE, ...reach.rulesTo(target).flatMap(({ ports }) => ports.flatMap(ends))])) {
      const passing = given.filter(({ ports }) => covers(ports, port)).length;
      const [proto = '', number = ''] = port.split('/');
      if (passing !== 0 && passing !== given.length) continue;
      const test = byProto.get(proto) ?? { src: subject.text, proto, accept: [], deny: [] };
      byProto.set(proto, test);
      (passing > 0 ? test.accept : test.deny).push(`${target.text}:${number}`);
    }
  }
  return [...byProto.values()].sort((a, b) => (a.proto < b.proto ? -1 : 1));
}

/** Nodes by the keys of all endpoints that stand for them. */
export type Nodes = ReadonlyMap<string, readonly Node[]>;
type Node = Extract<Party, { kind: 'member' }>;

export function nodesBy(members: readonly Member[]): Nodes {
  const index = new Map<string, Node[]>();
  for (const member of members) {
    const party: Node = { kind: 'member', member };
    for (const key of keysOf(party)) {
      const known = index.get(key);
      if (known) known.push(party);
      else index.set(key, [party]);
    }
  }
  return index;
}

/** Groups, tags and LAN hosts that are tested as sources; sorted by name. */
export function subjects(rules: readonly AccessRule[], { groups, lanHosts }: Around, nodes: Nodes): Named[] {
  const intents = rules.filter(({ implicit }) => !implicit);
  const named = endpoints(intents, 'sources');
  const tagged = named.flatMap((one) => tagOf(one, nodes));
  const texts = new Set(tagged.map(({ text }) => text));
  const more = (all: readonly Named[]): Named[] => all.filter(({ text }) => !texts.has(text)).slice(0, SILENT_SITES);
  const silent = [
    ...more(siteTags(nodes)),
    ...more(distinct(endpoints(rules, 'sources').flatMap((one) => tagOf(one, nodes)))),
  ];
  const lan = testedLanHosts(rules, lanHosts).flatMap(hostNames);
  return distinct([...people(named, groups), ...tagged, ...silent, ...lan]);
}

function people(named: readonly Endpoint[], groups: Around['groups']): Named[] {
  const all = Object.entries(groups).map(([name, logins]) => ({
    text: `group:${name}`,
    key: endpointKey({ kind: 'group', name }),
    name,
    logins: new Set(logins),
  }));
  const person = (login: string): Party => ({
    kind: 'person',
    groups: all.filter(({ logins }) => logins.has(login)).map(({ name }) => name),
  });
  const keys = new Set(named.map(endpointKey));
  return all
    .filter(({ key }) => keys.has(key))
    .map(({ text, key, logins }) => ({ text, keys: [key], parties: [...logins].map(person) }));
}

/** Tags that rules lead to. */
export const targetTags = (rules: readonly AccessRule[], nodes: Nodes): Named[] =>
  distinct(endpoints(rules, 'targets').flatMap((one) => tagOf(one, nodes)));

/** LAN hosts that rules lead to, by their aliases. */
const targetHosts = (rules: readonly AccessRule[]): Named[] =>
  distinct(
    endpoints(rules, 'targets').flatMap((one) =>
      // Its site is of no meaning here: no rule leads to all of a LAN but those of icmp.
      one.kind === 'lan-host' ? hostNames({ ...one, site: '' }) : [],
    ),
  );

function hostNames(host: LanHost): Named[] {
  const party: Party = { kind: 'lan-host', host };
  return selectors(host).map(({ text }) => ({ text, keys: keysOf(party), parties: [party] }));
}

/** An endpoint that is a tag, with its nodes; nothing where it is none, or no node carries it. */
function tagOf(endpoint: Endpoint, nodes: Nodes): Named[] {
  const key = endpointKey(endpoint);
  const parties = nodes.get(key);
  return parties === undefined ? [] : selectors(endpoint).map(({ text }) => ({ text, keys: [key], parties }));
}

function siteTags(nodes: Nodes): Named[] {
  const sites = [...nodes.values()].flat().map(({ member }) => member.site);
  return [...new Set(sites)].sort().flatMap((site) => tagOf({ kind: 'members-of-site', site }, nodes));
}

function endpoints(rules: readonly AccessRule[], side: 'sources' | 'targets'): Endpoint[] {
  return [...new Map(rules.flatMap((rule) => rule[side]).map((one) => [endpointKey(one), one])).values()];
}

const distinct = (all: readonly Named[]): Named[] =>
  [...new Map(all.map((one) => [one.text, one])).values()].sort((a, b) => (a.text < b.text ? -1 : 1));
