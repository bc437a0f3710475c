import { describe, expect, test } from 'vitest';
import { readPolicy } from '../../../../../mesh/overlays/tailscale/policy/index.ts';
import { faults } from './faults.ts';
import { allows, policy, text } from './fixtures.ts';

describe('texts that the service takes', () => {
  test('old forms: keys in any letters, users and ports, accept by capital Action', () => {
    const { policy: old } = readPolicy(`{
      "ACLs": [
        {"Action": "accept", "Users": ["group:platform"], "Ports": ["tag:edge:443", "tag:app:5432"]},
        {"Action": "accept", "Users": ["group:sre"], "Ports": ["tag:edge:22", "tag:infra:9100"]}
      ],
      "Groups": {"group:platform": ["ada@example.com"], "group:sre": ["grace@example.com"]},
      "TagOwners": {"tag:edge": ["group:sre"], "tag:app": ["group:platform"], "tag:infra": ["group:sre"]},
      "AutoApprovers": {"routes": {"100.64.0.0/10": ["group:sre"]}},
      "Tests": [{"user": "group:sre", "allow": ["tag:edge:22"], "deny": ["tag:app:5432"]}]
    }`);
    const around = { nodes: [{ name: 'e', tags: ['tag:edge'], addresses: [] }], people: [], lanHosts: [], lans: [] };
    expect(allows(old, 'ada@example.com', 'e', 'tcp/443', around)).toBe(true);
    expect(allows(old, 'ada@example.com', 'e', 'tcp/22', around)).toBe(false);
    expect(allows(old, 'grace@example.com', 'e', 'tcp/22', around)).toBe(true);
    expect(old.tests).toEqual([
      { path: 'Tests[0]', src: 'group:sre', accept: ['tag:edge:22'], deny: ['tag:app:5432'] },
    ]);
    expect(old.approvers).toEqual(new Map([['100.64.0.0/10', ['group:sre']]]));
  });

  test('comments, trailing commas and a byte order mark; the comment above or behind a rule is its reason', () => {
    const { policy: read } = readPolicy(`\uFEFF// ours
    {
      "grants": [
        // on call,
        // at night
        {"src": ["*"], "dst": ["*"], "ip": ["tcp:22",],},
        {"src": ["*"], "dst": ["*"], "ip": ["443"]}, // the web
        /* the
         * rest */
        {"src": ["*"], "dst": ["*"], "ip": ["icmp:*"]},
        {"src": ["*"], "dst": ["*"], "ip": ["53"]},
      ],
    }`);
    expect(read.rules?.map(({ path, line, why }) => [path, line, why])).toEqual([
      ['grants[0]', 6, 'on call, at night'],
      ['grants[1]', 7, 'the web'],
      ['grants[2]', 10, 'the rest'],
      ['grants[3]', 11, ''],
    ]);
  });

  test('sets of addresses add and remove, name aliases and each other', () => {
    const read = policy({
      ipsets: {
        'ipset:lan': ['10.77.10.0/24', 'remove nas-1', 'remove ipset:out', 'add 192.168.7.1-192.168.7.9'],
        'ipset:out': ['10.77.10.30'],
      },
      grants: [{ src: ['tag:app'], dst: ['ipset:lan'], ip: ['tcp:80'] }],
    });
    expect(allows(read, 'app-1', '10.77.10.19', 'tcp/80')).toBe(true);
    expect(allows(read, 'app-1', '192.168.7.9', 'tcp/80')).toBe(true);
    expect(allows(read, 'app-1', 'nas-1', 'tcp/80')).toBe(false);
    expect(allows(read, 'app-1', 'printer', 'tcp/80')).toBe(false);
  });

  test('a group that lost its last member is a fact in a policy in force, and a slip in one to be pushed', () => {
    const empty = text({ groups: { 'group:dev': [] }, tagOwners: {}, grants: [] });
    expect(readPolicy(empty, { emptyGroups: 'taken' }).policy.groups.get('group:dev')).toEqual([]);
    expect(faults(empty)).toEqual([expect.stringMatching(/^groups\["group:dev"\]@1: group:dev has nobody in it/)]);
  });

  test('what is not judged is said, with its place', () => {
    const { unjudged } = readPolicy(
      text({
        postures: { 'posture:new': ["node:os == 'linux'"] },
        derpMap: { Regions: {} },
        nodeAttrs: [{ target: ['tag:app'], attr: ['funnel'] }],
        grants: [
          { src: ['tag:app'], dst: ['tag:db'], ip: ['443'], srcPosture: ['posture:new'] },
          { src: ['tag:app'], dst: ['nas-1'], ip: ['443'], via: ['tag:router'] },
          { src: ['tag:app'], dst: ['tag:db'], app: { 'example.com/cap/x': [{}] } },
          { src: ['tag:app'], dst: ['tag:db'], ip: ['443'], quota: 7 },
        ],
        futureSection: {},
      }),
    );
    expect(unjudged.map(({ path }) => path).sort()).toEqual([
      'derpMap', 'futureSection', 'grants[0].srcPosture', 'grants[1].via', 'grants[2].app', 'grants[3].quota', 'nodeAttrs',
    ]); // prettier-ignore
    expect(readPolicy(text({ grants: [{ src: ['tag:app'], dst: ['tag:db'], ip: ['443'] }] })).unjudged).toEqual([]);
  });
});

describe('texts that are wrong', () => {
  test.each([
    ['', /not HuJSON: a value is expected/],
    ['{"grants": [}', /not HuJSON/],
    ['{"grants": []} x', /not HuJSON: something/],
    ["{'grants': []}", /not HuJSON/],
    ['[]', /a policy is an object/],
    ['{"grants": "x', /does not end on its line/],
    [`{"groups": ${'['.repeat(50_000)}`, /nested too deeply/],
  ])('%#: are no policy', (wrong, why) => {
    expect(faults(wrong).join('\n')).toMatch(why);
  });

  test('many faults of the parser are a few and a number', () => {
    const all = faults(`{"a": [${'1 '.repeat(200)}]}`);
    expect(all.length).toBeLessThan(25);
    expect(all.at(-1)).toMatch(/and \d+ more/);
  });

  test('more than 10 MB are refused before they are read; a little less is read', () => {
    const padded = (size: number): string => `{"grants": []} // ${'x'.repeat(size)}`;
    expect(faults(padded(10_000_000))).toEqual([expect.stringContaining('10.0 MB')]);
    expect(faults(padded(9_000_000))).toEqual([]);
  });

  test('a large text full of faults is refused in seconds, with the first few hundred of them', () => {
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`tag:t${n}`, [`tag:x${n}`]]));
    const began = performance.now();
    expect(faults(JSON.stringify({ tagOwners: many, grants: [] }))).toHaveLength(500);
    expect(faults(JSON.stringify({ ['x'.repeat(1_000_000)]: 1, grants: [] }))).toEqual([]);
    expect(faults(JSON.stringify({ tagOwners: { 'tag:a': ['tag:aa'] }, grants: [] }))).toEqual([expect.stringContaining('did you mean tag:a?')]); // prettier-ignore
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  test('all at once, each with path and line', () => {
    const wrong = `{
      "groups": {
        "group:sre": ["grace@example.com", "group:dev"],
        "group:none": [],
        "group:sre": ["ada@example.com"],
      },
      "hosts": {"nas": "10.77.10.20/24", "bad name": "10.0.0.1", "x": "somewhere"},
      "tagOwners": {"tag:db": ["group:sree"], "db": []},
      "acls": [
        {"action": "deny", "src": ["*"], "dst": ["*:*"]},
        {"action": "accept", "src": ["*"], "dst": ["tag:db"]},
        {"action": "accept", "src": ["*"], "dst": ["tag:db:99999"], "proto": "tpc"},
      ],
      "acls": [],
      "grants": [
        {"src": ["tag:dbb"], "dst": ["naz"], "ip": ["tcp:x", "icmp:7"]},
        {"src": ["group:sree"], "dst": ["autogroup:selv"]},
        {"src": ["autogroup:self"], "dst": ["autogroup:danger-all"], "ip": ["*"]},
        {"src": ["tag:db"], "dst": ["autogroup:self"], "ip": ["*"]},
        {"dst": ["tag:db"], "ip": ["*"], "sorcePosture": ["posture:x"], "srcPosture": ["posture:x"]},
      ],
      "ssh": [{"action": "allow", "src": ["tag:db"], "dst": ["tag:db"]}],
      "tests": [{"src": "nobody", "accept": ["tag:db:*"]}],
      "grantss": [],
    }`;
    const found = faults(wrong);
    const expected = [
      /^groups\["group:sre"\]\[1\]@3: group:dev: a group holds people/,
      /^groups\["group:none"\]@4: group:none has nobody in it/,
      /^groups\["group:sre"\]@5: stands twice \(before on line 3\)/,
      /^hosts\["nas"\]@7: 10\.77\.10\.20\/24 has host bits set; the prefix is 10\.77\.10\.0\/24/,
      /^hosts\["bad name"\]@7: is no name of a host/,
      /^hosts\["x"\]@7: "somewhere" is no address/,
      /^tagOwners\["tag:db"\]\[0\]@8: no group is called group:sree; did you mean group:sre\?/,
      /^tagOwners\["db"\]@8: is no name of a tag/,
      /^acls\[0\]\.action@10: no action is called deny/,
      /^acls\[1\]\.dst\[0\]@11: "tag:db" has no port: write tag:db:443/,
      /^acls\[2\]\.proto@12: no protocol is called tpc/,
      /^acls\[2\]\.dst\[0\]@12: port 99999: ports end at 65535/,
      /^acls@14: stands twice/,
      /^grants\[0\]\.src\[0\]@16: tag:dbb has no owner.*did you mean tag:db\?/,
      /^grants\[0\]\.dst\[0\]@16: "naz" is no alias .*did you mean nas\?/,
      /^grants\[0\]\.ip\[0\]@16: "x" is no port/,
      /^grants\[0\]\.ip\[1\]@16: icmp has no ports: write "icmp:\*"/,
      /^grants\[1\]@17: has neither ip nor app/,
      /^grants\[1\]\.dst\[0\]@17: no autogroup is called autogroup:selv; did you mean autogroup:self\?/,
      /^grants\[2\]\.src\[0\]@18: autogroup:self .* destination only/,
      /^grants\[2\]\.dst\[0\]@18: autogroup:danger-all can be a source only/,
      /^grants\[3\]@19: leads to autogroup:self from tag:db/,
      /^grants\[4\]@20: has no src/,
      /^grants\[4\]\.sorcePosture@20: .* did you mean srcPosture\?/,
      /^grants\[4\]\.srcPosture\[0\]@20: no posture is called posture:x/,
      /^ssh\[0\]\.action@22: no action is called allow/,
      /^ssh\[0\]@22: has no users/,
      /^tests\[0\]\.src@23: "nobody" is no alias/,
      /^tests\[0\]\.accept\[0\]@23: "tag:db:\*": a test asks for one port/,
      /^grantss@24: .* did you mean grants\?/,
    ];
    for (const one of expected)
      expect(
        found.filter((fault) => one.test(fault)),
        String(one),
      ).toHaveLength(1);
    const lines = found.map((fault) => Number(/@(\d+):/.exec(fault)?.[1]));
    expect(lines).toEqual(lines.toSorted((a, b) => a - b));
  });

  test('sets of addresses that contain each other', () => {
    expect(
      faults(text({ ipsets: { 'ipset:a': ['ipset:b'], 'ipset:b': ['add ipset:a', 'remove nowhere'] }, grants: [] })),
    ).toEqual([expect.stringContaining('contains itself'), expect.stringContaining('is no address, alias or set')]);
  });

  test('a field and its old name are one', () => {
    const twice = text({ acls: [{ action: 'accept', src: ['*'], users: ['*'], dst: ['*:*'] }] });
    expect(faults(twice)).toEqual([expect.stringContaining('acls[0].users@1: stands twice')]);
    expect(faults(text({ acls: [{ action: 'accept', users: ['*'], dst: ['*:*'] }] }))).toEqual([]);
  });
});
