import { describe, expect, test } from 'vitest';
import { formatHuJson } from '../../../../lab/tailnet/policy/format.ts';
import { compilePolicy, modelTags, type PolicyModel } from '../../../../mesh/overlays/tailscale/compile.ts';
import { control, EMPTY, group, lan, member, onLan, role, rule, site } from './rules.ts';

const BARE: PolicyModel = { ...EMPTY, owner: 'acme/test-tailnet' };
const SITES = [
  { name: 'sin', cidr: '10.2.0.0/24', routers: false, members: true },
  { name: 'gra', cidr: '10.3.0.0/24', cidr6: 'fd00:3::/64', routers: true, members: false },
  { name: 'waw', cidr: '10.4.0.0/24', routers: true, members: false },
  { name: 'fra', cidr: '10.1.0.0/24', routers: true, members: true },
];
const [NAS, DISK, TAPE] = [
  onLan('nas', 'gra', '10.3.0.9', 'fd00:3::9'),
  onLan('disk', 'gra', '10.3.0.8'),
  onLan('tape', 'gra', '10.3.0.7'),
];
/** The text without its mark, which has the checksum. */
const body = (model: PolicyModel): string => {
  const { text } = compilePolicy(model);
  expect(formatHuJson(text), 'as the service lays it out').toBe(text);
  return text.slice(text.indexOf('\n') + 1);
};

describe('the text of a policy', () => {
  test('has what the rules need, in a fixed order, and nothing that no rule names', () => {
    const model: PolicyModel = {
      ...BARE,
      groups: { sre: ['linus@example.com', 'grace@example.com'], dev: ['ada@example.com'], nas: ['bob@example.com'] },
      sites: SITES,
      members: [member('app-1', 'sin', ['app'])],
      namedMembers: ['app-1'],
      memberRoles: ['router', 'app'],
      tools: ['ci'],
      lanHosts: [NAS, DISK, TAPE],
      rules: [
        rule([group('sre'), group('dev')], [role('app')], ['tcp/22'], { ssh: { users: ['ops'] }, why: 'day' }),
        rule([group('dev')], [role('app')], ['tcp/22'], { ssh: { users: ['root'], check: '12h' }, why: 'night' }),
        rule([site('sin'), DISK], [NAS], ['tcp/873', 'udp/20-25'], { until: '2027-06-30', why: 'backups' }),
        control('fra', '10.1.0.0/24'),
      ],
    };
    expect(body(model)).toBe(`{
	// People, by what they do.
	"groups": {
		"group:dev": ["ada@example.com"],
		"group:sre": ["grace@example.com", "linus@example.com"],
	},

	// LAN hosts and LANs behind subnet routers. Members are selected by tag.
	"hosts": {
		"disk":    "10.3.0.8",
		"lan-fra": "10.1.0.0/24",
		"nas":     "10.3.0.9",
		"nas-v6":  "fd00:3::9",
	},

	// The deploying credential carries tag:iac and may give every other tag; a person gives it that one.
	"tagOwners": {
		"tag:iac":        ["autogroup:admin"],
		"tag:app":        ["tag:iac"],
		"tag:host-app-1": ["tag:iac"],
		"tag:router":     ["tag:iac"],
		"tag:router-fra": ["tag:iac"],
		"tag:router-gra": ["tag:iac"],
		"tag:router-waw": ["tag:iac"],
		"tag:site-fra":   ["tag:iac"],
		"tag:site-sin":   ["tag:iac"],
		"tag:tool-ci":    ["tag:iac"],
	},

	// A router may advertise its own site and nothing else. Approval happens when a route is first advertised.
	"autoApprovers": {
		"routes": {
			"10.1.0.0/24": ["tag:router-fra"],
			"10.3.0.0/24": ["tag:router-gra"],
			"fd00:3::/64": ["tag:router-gra"],
			"10.4.0.0/24": ["tag:router-waw"],
		},
	},

	// Empty on purpose: where this section is absent, the service allows everything.
	"acls": [],

	"grants": [
		// day
		{
			"src": ["group:dev", "group:sre"],
			"dst": ["tag:app"],
			"ip":  ["tcp:22"],
		},
		// night
		{
			"src": ["group:dev"],
			"dst": ["tag:app"],
			"ip":  ["tcp:22"],
		},
		// backups (until 2027-06-30)
		{
			"src": ["disk", "tag:site-sin"],
			"dst": ["nas", "nas-v6"],
			"ip":  ["tcp:873", "udp:20-25"],
		},
		// control
		{
			"src": ["tag:router-fra"],
			"dst": ["lan-fra"],
			"ip":  ["icmp:*"],
		},
	],

	"ssh": [
		// night
		{
			"action":      "check",
			"src":         ["group:dev"],
			"dst":         ["tag:app"],
			"users":       ["root"],
			"checkPeriod": "12h",
		},
		// day
		{
			"action": "accept",
			"src":    ["group:dev", "group:sre"],
			"dst":    ["tag:app"],
			"users":  ["ops"],
		},
	],

	// Checked by the service at every push; each holds before any node exists.
	"tests": [
		{
			"src":   "group:dev",
			"proto": "tcp",
			"deny":  ["nas:22", "nas:873", "nas-v6:22", "nas-v6:873"],
		},
		{
			"src":   "group:dev",
			"proto": "udp",
			"deny":  ["nas:20", "nas:25", "nas-v6:20", "nas-v6:25"],
		},
		{
			"src":   "group:sre",
			"proto": "tcp",
			"deny":  ["nas:22", "nas:873", "nas-v6:22", "nas-v6:873"],
		},
		{
			"src":   "group:sre",
			"proto": "udp",
			"deny":  ["nas:20", "nas:25", "nas-v6:20", "nas-v6:25"],
		},
		{
			"src":    "disk",
			"proto":  "tcp",
			"accept": ["nas:873"],
			"deny":   ["nas:22"],
		},
		{
			"src":    "disk",
			"proto":  "udp",
			"accept": ["nas:20", "nas:25"],
		},
	],
}
`);
  });

  test('without rules has no people, no hosts, no logins and no tests, and still denies by default', () => {
    expect(body(BARE)).toBe(`{
	// The deploying credential carries tag:iac and may give every other tag; a person gives it that one.
	"tagOwners": {
		"tag:iac": ["autogroup:admin"],
	},

	// A router may advertise its own site and nothing else. Approval happens when a route is first advertised.
	"autoApprovers": {
		"routes": {},
	},

	// Empty on purpose: where this section is absent, the service allows everything.
	"acls": [],

	"grants": [],
}
`);
  });

  test('in a shared tailnet gives each credential the tags of its stack, and has the tests between stacks', () => {
    const deployers = [
      { tag: 'tag:iac-test', tags: ['tag:test-router', 'tag:router-test-fra'] },
      { tag: 'tag:iac', tags: ['tag:prod-router', 'tag:site-prod-fra'] },
    ];
    const denies = [{ src: 'prod-nas', proto: 'tcp', accept: [], deny: ['test-nas:22'] }];
    const text = body({ ...BARE, deployers, denies });
    expect(text.slice(0, text.indexOf('\n\n'))).toBe(`{
	// Each stack's credential carries its tag:iac and may give the tags of that stack alone; a person gives it that one.
	"tagOwners": {
		"tag:iac":             ["autogroup:admin"],
		"tag:iac-test":        ["autogroup:admin"],
		"tag:prod-router":     ["tag:iac"],
		"tag:router-test-fra": ["tag:iac-test"],
		"tag:site-prod-fra":   ["tag:iac"],
		"tag:test-router":     ["tag:iac-test"],
	},`);
    expect(text.slice(text.indexOf('\t"tests": '))).toBe(`	"tests": [
		{
			"src":   "prod-nas",
			"proto": "tcp",
			"deny":  ["test-nas:22"],
		},
	],
}
`);
  });
});

describe('a LAN whose hosts may open connections', () => {
  const lanHosts = [TAPE, NAS];
  const rules = (...targets: Parameters<typeof rule>[1]) => [rule([lan('gra', '10.3.0.0/24')], targets, ['tcp/80'])];
  const members = [member('app-1', 'sin', ['app'])];

  test('has a name for the host that the tests ask about, and for no other', () => {
    const text = body({ ...BARE, lanHosts, rules: rules(onLan('db', 'fra', '10.1.0.2')) });
    expect(text.slice(0, text.indexOf('\n\n'))).toBe(`{
	// LAN hosts and LANs behind subnet routers. Members are selected by tag.
	"hosts": {
		"db":      "10.1.0.2",
		"lan-gra": "10.3.0.0/24",
		"nas":     "10.3.0.9",
	},`);
  });

  test('is asked about after the joins by the names that the text has, and by no others', () => {
    const sources = (...targets: Parameters<typeof rule>[1]): string[] =>
      compilePolicy({ ...BARE, members, lanHosts, rules: rules(...targets) }).joined.map(({ src }) => src);
    expect(sources(role('app'), onLan('db', 'fra', '10.1.0.2'))).toEqual(['nas', 'tag:site-sin']);
    expect(sources(role('app'))).toEqual(['tag:site-sin']);
  });
});

test('tags are those of roles, of sites with members, of sites with routers, of named hosts and of tools, sorted', () => {
  expect(
    modelTags({ memberRoles: ['router', 'app', 'site'], sites: SITES, namedMembers: ['z', 'b'], tools: ['ci'] }),
  ).toEqual([
    'tag:app',
    'tag:host-b',
    'tag:host-z',
    'tag:router',
    'tag:router-fra',
    'tag:router-gra',
    'tag:router-waw',
    'tag:site',
    'tag:site-fra',
    'tag:site-sin',
    'tag:tool-ci',
  ]);
});

test('tests of logins come with the policy, and groups stand for their people in tests after the joins', () => {
  const { ownerTag, joined, joinedSsh } = compilePolicy({
    ...BARE,
    groups: { sre: ['grace@example.com'] },
    members: [member('app-1', 'sin', ['app'])],
    rules: [rule([group('sre')], [role('app')], ['tcp/22'], { ssh: { users: ['ops'] } })],
  });
  expect(ownerTag).toBe('tag:iac');
  expect(joined).toContainEqual({
    src: 'group:sre',
    proto: 'tcp',
    accept: ['tag:app:22', 'tag:site-sin:22'],
    deny: [],
  });
  expect(joinedSsh).toContainEqual({ src: 'group:sre', dst: ['tag:app'], accept: ['ops'], check: [], deny: ['root'] });
});
