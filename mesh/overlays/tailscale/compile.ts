import type { AccessRule, Endpoint, SshAccess } from '../../access/types.ts';
import { withHeader } from './header.ts';
import { hujson, type Element, type Member } from './hujson.ts';
import { grantPort, selectors } from './selectors.ts';
import { sshTests, type SshTest } from './ssh-tests.ts';
import { hostTag, OWNER_TAG, roleTag, siteRouterTag, siteTag, toolTag } from './tags.ts';
import { joinedTests } from './joined-tests.ts';
import type { LanHost, Member as Node } from './parties.ts';
import { joinDenies, policyTests, type PolicyTest } from './tests.ts';

export interface PolicyModel {
  /** `<network>/<stack>-tailnet`, for the first line of the text. */
  owner: string;
  /** Group → logins of its people. */
  groups: Readonly<Record<string, readonly string[]>>;
  /** `routers`, `members`: whether the site has any. */
  sites: readonly { name: string; cidr: string; cidr6?: string; routers: boolean; members: boolean }[];
  /** Every node. */
  members: readonly Node[];
  /** Members that a service names. */
  namedMembers: readonly string[];
  /** Every role that some member carries, `router` included. */
  memberRoles: readonly string[];
  /** Names of tools. */
  tools: readonly string[];
  /** LAN hosts that can open connections, if a rule permits it. */
  lanHosts: readonly LanHost[];
  rules: readonly AccessRule[];
  /** Where stacks share the tailnet: tag of each one's credential, and the tags that it owns. Default: one that owns all. */
  deployers?: readonly { tag: string; tags: readonly string[] }[];
  /** Tests beside those of the rules. */
  denies?: readonly PolicyTest[];
}

export interface CompiledPolicy {
  /** HuJSON, byte for byte what is pushed; equal models give equal bytes. */
  text: string;
  /** Tag of the deploying credential. */
  ownerTag: string;
  /** Tests that hold once every member has joined; the text has those that hold before. */
  joined: PolicyTest[];
  /** The same of logins, for the section `sshTests`. */
  joinedSsh: SshTest[];
}

/**
 * The tailnet policy of a model. It contains what the rules need and nothing else: groups and aliases that no rule
 * names are left out. Never `*`, never an autogroup as a source: what is not granted is denied.
 */
export function compilePolicy(model: PolicyModel): CompiledPolicy {
  const endpoints = model.rules.flatMap((rule) => [...rule.sources, ...rule.targets]);
  const tests = joinDenies(policyTests(model.rules, model.groups, model.lanHosts), model.denies ?? []);
  const hosts = aliases(endpoints, tests, model.lanHosts);
  const named = new Set(hosts.map(({ key }) => key));
  const sections: Member[] = [
    ...section('groups', 'People, by what they do.', groups(model, endpoints)),
    ...section('hosts', 'LAN hosts and LANs behind subnet routers. Members are selected by tag.', hosts),
    {
      key: 'tagOwners',
      comment: ownersComment(model),
      value: { members: tagOwners(model) },
    },
    {
      key: 'autoApprovers',
      comment:
        'A router may advertise its own site and nothing else. Approval happens when a route is first advertised.',
      value: { members: [{ key: 'routes', value: { members: approvals(model) } }] },
    },
    {
      key: 'acls',
      comment: 'Empty on purpose: where this section is absent, the service allows everything.',
      value: [],
    },
    { key: 'grants', value: { elements: model.rules.map(grant) } },
    ...sshSection(model.rules),
    ...testSection(tests),
  ];
  const body = hujson({ members: sections.map((one, at) => ({ ...one, apart: at > 0 })) });
  return {
    text: withHeader(model.owner, body),
    ownerTag: OWNER_TAG,
    // A LAN host that only these would name has no alias: the text is made by rules and by the tests that stand in it.
    joined: joinedTests(model.rules, model).filter(({ src }) => /^(tag|group):/.test(src) || named.has(src)),
    joinedSsh: sshTests(model.rules, model),
  };
}

const ownersComment = ({ deployers }: PolicyModel): string =>
  deployers === undefined
    ? `The deploying credential carries ${OWNER_TAG} and may give every other tag; a person gives it that one.`
    : `Each stack's credential carries its ${OWNER_TAG} and may give the tags of that stack alone; a person gives it that one.`;

const section = (key: string, comment: string, members: Member[]): Member[] =>
  members.length === 0 ? [] : [{ key, comment, value: { members } }];

function groups(model: PolicyModel, endpoints: readonly Endpoint[]): Member[] {
  const used = new Set(endpoints.flatMap((one) => (one.kind === 'group' ? one.name : [])));
  return sorted(
    Object.entries(model.groups)
      .filter(([name]) => used.has(name))
      .map(([name, people]) => ({ key: `group:${name}`, value: people.toSorted() })),
  );
}

function aliases(
  endpoints: readonly Endpoint[],
  asking: readonly PolicyTest[],
  lanHosts: readonly LanHost[],
): Member[] {
  const sources = new Set(asking.map(({ src }) => src));
  const named = [
    ...endpoints.flatMap(selectors),
    ...lanHosts.flatMap(selectors).filter(({ text }) => sources.has(text)),
  ];
  const members = named.flatMap(({ text, value }): [string, Member][] =>
    value === undefined ? [] : [[text, { key: text, value }]],
  );
  return sorted([...new Map(members).values()]);
}

/** Every tag that nodes of the model carry, sorted. */
export function modelTags(model: Pick<PolicyModel, 'memberRoles' | 'sites' | 'namedMembers' | 'tools'>): string[] {
  const tags = new Set([
    ...model.memberRoles.map(roleTag),
    ...model.sites.filter(({ members }) => members).map(({ name }) => siteTag(name)),
    ...model.sites.filter(({ routers }) => routers).map(({ name }) => siteRouterTag(name)),
    ...model.namedMembers.map(hostTag),
    ...model.tools.map(toolTag),
  ]);
  return [...tags].sort();
}

function tagOwners(model: PolicyModel): Member[] {
  const deployers = model.deployers ?? [{ tag: OWNER_TAG, tags: modelTags(model) }];
  const owned = deployers.flatMap(({ tag, tags }) => tags.map((one): Member => ({ key: one, value: [tag] })));
  return [...sorted(deployers.map(({ tag }) => ({ key: tag, value: ['autogroup:admin'] }))), ...sorted(owned)];
}

const sorted = (members: Member[]): Member[] => members.sort((a, b) => (a.key < b.key ? -1 : 1));

function approvals(model: PolicyModel): Member[] {
  return model.sites
    .filter(({ routers }) => routers)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name, cidr, cidr6 }) =>
      [cidr, ...(cidr6 === undefined ? [] : [cidr6])].map((key) => ({ key, value: [siteRouterTag(name)] })),
    );
}

const names = (all: readonly Endpoint[]): string[] =>
  [...new Set(all.flatMap(selectors).map(({ text }) => text))].sort();

const reason = ({ why, until }: AccessRule): string => (until === undefined ? why : `${why} (until ${until})`);

function grant(rule: AccessRule): Element {
  return {
    comment: reason(rule),
    value: {
      members: [
        { key: 'src', value: names(rule.sources) },
        { key: 'dst', value: names(rule.targets) },
        { key: 'ip', value: rule.ports.map(grantPort) },
      ],
    },
  };
}

/**
 * The packet filter lets through what grants give; who may log in then, and as whom, stands here. Rules with a check first:
 * the first that fits decides on the node, and the service puts them there in any case.
 */
function sshSection(rules: readonly AccessRule[]): Member[] {
  const all = rules.flatMap((rule) => (rule.ssh === undefined ? [] : [{ rule, ssh: rule.ssh }]));
  const elements = all
    .toSorted((a, b) => Number(a.ssh.check === undefined) - Number(b.ssh.check === undefined))
    .map(({ rule, ssh }) => login(rule, ssh));
  return elements.length === 0 ? [] : [{ key: 'ssh', value: { elements } }];
}

function login(rule: AccessRule, { users, check }: SshAccess): Element {
  const members: Member[] = [
    { key: 'action', value: check === undefined ? 'accept' : 'check' },
    { key: 'src', value: names(rule.sources) },
    { key: 'dst', value: names(rule.targets) },
    { key: 'users', value: users },
  ];
  if (check !== undefined) members.push({ key: 'checkPeriod', value: check });
  return { comment: reason(rule), value: { members } };
}

function testSection(tests: readonly PolicyTest[]): Member[] {
  if (tests.length === 0) return [];
  return [
    {
      key: 'tests',
      comment: 'Checked by the service at every push; each holds before any node exists.',
      value: { elements: tests.map(testElement) },
    },
  ];
}

function testElement({ src, proto, accept, deny }: PolicyTest): Element {
  const members: Member[] = [
    { key: 'src', value: src },
    { key: 'proto', value: proto },
  ];
  if (accept.length > 0) members.push({ key: 'accept', value: accept });
  if (deny.length > 0) members.push({ key: 'deny', value: deny });
  return { value: { members } };
}
