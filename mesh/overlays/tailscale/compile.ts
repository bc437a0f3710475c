import type { AccessRule, Endpoint, SshAccess } from '../../access/types.ts';
import { withHeader } from './header.ts';
import { hujson, type Element, type Member } from './hujson.ts';
import { grantPort, selectors } from './selectors.ts';
import { sshTests, type SshTest } from './ssh-tests.ts';
import { hostTag, OWNER_TAG, roleTag, siteRouterTag, siteTag, toolTag } from './tags.ts';
import { joinedTests } from './joined-tests.ts';
import type { Member as Node } from './parties.ts';
import { policyTests, type LanHost, type PolicyTest } from './tests.ts';

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
  const tests = policyTests(model.rules, model.groups, model.lanHosts);
  const members: Member[] = [
    ...section('groups', 'People, by what they do.', { members: groups(model, endpoints) }),
    ...section('hosts', 'LAN hosts and LANs behind subnet routers. Members are selected by tag.', {
      members: aliases(endpoints, tests, model.lanHosts),
    }),
    {
      key: 'tagOwners',
      apart: true,
      comment: `The deploying credential carries ${OWNER_TAG} and may give every other tag; a person gives it that one.`,
      value: { members: tagOwners(model) },
    },
    {
      key: 'autoApprovers',
      apart: true,
      comment:
        'A router may advertise its own site and nothing else. Approval happens when a route is first advertised.',
      value: { members: [{ key: 'routes', value: { members: approvals(model) } }] },
    },
    {
      key: 'acls',
      apart: true,
      comment: 'Empty on purpose: where this section is absent, the service allows everything.',
      value: [],
    },
    { key: 'grants', apart: true, value: { elements: model.rules.map(grant) } },
    ...sshSection(model.rules),
    ...testSection(tests),
  ];
  const [first, ...rest] = members;
  const body = hujson({ members: first ? [{ ...first, apart: false }, ...rest] : [] });
  return {
    text: withHeader(model.owner, body),
    ownerTag: OWNER_TAG,
    joined: joinedTests(model.rules, model),
    joinedSsh: sshTests(model.rules, model),
  };
}

const section = (key: string, comment: string, value: { members: Member[] }): Member[] =>
  value.members.length === 0 ? [] : [{ key, comment, value, apart: true }];

function groups(model: PolicyModel, endpoints: readonly Endpoint[]): Member[] {
  const used = [...new Set(endpoints.flatMap((one) => (one.kind === 'group' ? one.name : [])))].sort();
  return used.map((name) => ({ key: `group:${name}`, value: (model.groups[name] ?? []).toSorted() }));
}

function aliases(
  endpoints: readonly Endpoint[],
  asking: readonly PolicyTest[],
  lanHosts: readonly LanHost[],
): Member[] {
  const sources = new Set(asking.map(({ src }) => src));
  const named = new Map([
    ...endpoints
      .flatMap(selectors)
      .flatMap(({ text, value }): [string, string][] => (value === undefined ? [] : [[text, value]])),
    ...lanHosts
      .flatMap(selectors)
      .flatMap(({ text, value }): [string, string][] =>
        value !== undefined && sources.has(text) ? [[text, value]] : [],
      ),
  ]);
  return [...named].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => ({ key, value }));
}

function tagOwners(model: PolicyModel): Member[] {
  const tags = new Set([
    ...model.memberRoles.map(roleTag),
    ...model.sites.filter(({ members }) => members).map(({ name }) => siteTag(name)),
    ...model.sites.filter(({ routers }) => routers).map(({ name }) => siteRouterTag(name)),
    ...model.namedMembers.map(hostTag),
    ...model.tools.map(toolTag),
  ]);
  const owned = [...tags].sort().map((tag): Member => ({ key: tag, value: [OWNER_TAG] }));
  return [{ key: OWNER_TAG, value: ['autogroup:admin'] }, ...owned];
}

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
  return elements.length === 0 ? [] : [{ key: 'ssh', apart: true, value: { elements } }];
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
      apart: true,
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
