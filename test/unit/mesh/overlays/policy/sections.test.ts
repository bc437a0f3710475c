import { describe, expect, test } from 'vitest';
import { readPolicy, type PolicyReading } from '../../../../../mesh/overlays/tailscale/policy/index.ts';
import { faults } from './faults.ts';
import { text } from './fixtures.ts';

const read = (sections: Record<string, unknown>): PolicyReading => readPolicy(text(sections));
const wrong = (sections: Record<string, unknown>): string[] => faults(text(sections));
const NO_DB = 'tag:dbb has no owner: no entry of tagOwners is for it; did you mean tag:db?';
const NO_SRE = 'no group is called group:sree; did you mean group:sre?';

describe('rules of ssh', () => {
  const ssh = (more: Record<string, unknown>) => ({ ssh: [{ action: 'accept', src: ['group:dev'], dst: ['tag:db'], users: ['ops', 'root'], ...more }] }); // prettier-ignore

  test('say who, where, as whom and how', () => {
    const of = `{"tagOwners": {"tag:db": []}, "ssh": [\n// why\n{"action": "Check", "src": ["ada@example.com"], "dst": ["tag:db"], "users": ["ops", "autogroup:nonroot"], "checkPeriod": "4h"}]}`;
    expect(readPolicy(of).policy.ssh).toEqual([
      {
        path: 'ssh[0]',
        line: 3,
        why: 'why',
        src: [{ kind: 'user', login: 'ada@example.com', text: 'ada@example.com' }],
        dst: [{ kind: 'tag', tag: 'tag:db', text: 'tag:db' }],
        users: ['ops', 'autogroup:nonroot'],
        conditions: [],
        action: 'check',
        checkPeriod: '4h',
      },
    ]);
    const [accepted] = read(ssh({ action: 'ACCEPT' })).policy.ssh;
    expect(accepted?.action).toBe('accept');
    expect(accepted).not.toHaveProperty('checkPeriod');
  });

  test('ask for postures; who is recorded and which variables go along changes nobody’s access', () => {
    const of = { acceptEnv: ['LANG'], recorder: ['tag:rec'], enforceRecorder: true, srcPosture: ['posture:a'] };
    const { policy, unjudged } = read({ postures: { 'posture:a': ['x == 1'] }, ...ssh(of) });
    expect(policy.ssh[0]?.conditions.map((one) => one.text)).toEqual(['only devices with posture:a']);
    expect(unjudged).toEqual([
      { path: 'ssh[0].recorder', why: 'where a session is recorded changes nobody’s access' },
      { path: 'ssh[0].srcPosture', why: 'whether a device has the posture is decided when it connects' },
    ]);
    expect(read(ssh({})).unjudged).toEqual([]);
  });

  test.each([
    [{ action: null }, '@1: has no action: write "accept" or "check"'],
    [{ action: 'allow' }, '.action@1: no action is called allow: write "accept" or "check"'],
    [{ src: null }, '@1: has no src: an ssh rule says who, where and as which users'],
    [{ dst: null }, '@1: has no dst: an ssh rule says who, where and as which users'],
    [{ users: null }, '@1: has no users: an ssh rule says who, where and as which users'],
    [{ src: ['group:sree'] }, `.src[0]@1: ${NO_SRE}`],
    [{ dst: ['tag:dbb'] }, `.dst[0]@1: ${NO_DB}`],
    [{ src: ['tag:app'], dst: ['autogroup:self'] }, '@1: leads to autogroup:self from tag:app, which has no devices of its own: only people and groups of them can'],
    [{ srcPosture: ['posture:a'] }, '.srcPosture[0]@1: no posture is called posture:a: add it to postures'],
  ])('%j: %s', (more, told) => {
    expect(wrong(ssh(more))).toEqual([`ssh[0]${told}`]);
  }); // prettier-ignore
});

describe('tests of a policy', () => {
  const of = (more: Record<string, unknown>) => ({ tests: [{ src: 'group:dev', ...more }] });

  test('are kept as written', () => {
    const tests = [
      { src: 'ada@example.com', proto: 'tcp', accept: ['tag:db:443', '[fd00:77::20]:22'], deny: ['nas-1:65535'] },
      { src: 'tag:app', srcPostureAttrs: { 'node:os': 'linux' }, via: ['tag:router'] },
      { user: 'group:sre', allow: ['10.77.10.20:0'] },
    ];
    const { policy, unjudged } = read({ tests });
    expect(policy.tests).toEqual([
      { path: 'tests[0]', src: 'ada@example.com', proto: 'tcp', accept: tests[0]?.accept, deny: ['nas-1:65535'] },
      { path: 'tests[1]', src: 'tag:app', accept: [], deny: [] },
      { path: 'tests[2]', src: 'group:sre', accept: ['10.77.10.20:0'], deny: [] },
    ]);
    expect(unjudged).toEqual([]);
    // Their other fields are known by name.
    expect(wrong(of({ via: ['tag:router'], srcPostureAttr: {} }))).toEqual(['tests[0].srcPostureAttr@1: is nothing that the service knows: did you mean srcPostureAttrs?']); // prettier-ignore
    expect(wrong(of({ srcPostureAttrs: {}, vai: [] }))).toEqual(['tests[0].vai@1: is nothing that the service knows: did you mean via?']); // prettier-ignore
  });

  test.each([
    [{ src: null }, '@1: has no src: say who the test is about'],
    [{ src: 'group:sree' }, `.src@1: ${NO_SRE}`],
    [{ src: 'autogroup:self' }, '.src@1: autogroup:self stands for the devices of whoever asks, so it can be a destination only'],
    [{ proto: 'tpc' }, '.proto@1: no protocol is called tpc: write tcp or udp'],
    [{ accept: ['tag:dbb:1'] }, `.accept[0]@1: ${NO_DB}`],
    [{ deny: ['tag:db:1', 'tag:dbb:1'] }, `.deny[1]@1: ${NO_DB}`],
    [{ accept: ['tag:db:*'] }, '.accept[0]@1: "tag:db:*": a test asks for one port: write HOST:443'],
    [{ accept: ['tag:db:1-2'] }, '.accept[0]@1: "tag:db:1-2": a test asks for one port: write HOST:443'],
    [{ accept: ['tag:db:65536'] }, '.accept[0]@1: "tag:db:65536": a test asks for one port: write HOST:443'],
    [{ accept: ['nas-1'] }, '.accept[0]@1: "nas-1": a test asks for one port: write HOST:443'],
  ])('%j: %s', (more, told) => {
    expect(wrong(of(more))).toEqual([`tests[0]${told}`]);
  }); // prettier-ignore
});

test('tests of ssh name what exists', () => {
  const of = (more: Record<string, unknown>) => ({ sshTests: [{ src: 'group:dev', dst: ['tag:db'], accept: ['ops'], check: ['root'], deny: ['x'], srcPostureAttrs: {}, dstPostureAttrs: {}, ...more }] }); // prettier-ignore
  expect(read(of({})).unjudged).toEqual([]);
  expect(wrong(of({ src: 'group:sree' }))).toEqual([`sshTests[0].src@1: ${NO_SRE}`]);
  expect(wrong(of({ dst: ['tag:db', 'tag:dbb'] }))).toEqual([`sshTests[0].dst[1]@1: ${NO_DB}`]);
  expect(wrong(of({ dst: ['autogroup:danger-all'] }))).toEqual(['sshTests[0].dst[0]@1: autogroup:danger-all can be a source only']); // prettier-ignore
});

describe('approvals', () => {
  test('of routes, exit nodes and services, as written', () => {
    const routes = { '10.77.10.0/24': ['tag:router', 'ada@example.com'], '::/0': ['group:sre'] };
    const { policy, unjudged } = read({ autoApprovers: { routes, exitNode: ['tag:router'], services: { 'svc:web': ['tag:app'] }, gadgets: {} } }); // prettier-ignore
    expect(policy.approvers).toEqual(
      new Map([...Object.entries(routes), ['svc:web', ['tag:app']], ['exitNode', ['tag:router']]]),
    );
    expect(unjudged).toEqual([{ path: 'autoApprovers.gadgets', why: 'nothing here knows this kind of approval' }]);
    expect(read({}).policy.approvers).toEqual(new Map());
    expect(read({ autoApprovers: {} }).policy.approvers).toEqual(new Map());
  });

  test.each([
    [{ routes: { lan: ['tag:router'] } }, '.routes["lan"]@1: is no prefix: write "10.77.10.0/24"'],
    [{ routes: { '10.0.0.1/8': ['tag:router'] } }, '.routes["10.0.0.1/8"]@1: has host bits set; the prefix is 10.0.0.0/8'],
    [{ routes: { '10.0.0.0/8': ['tag:dbb'] } }, `.routes["10.0.0.0/8"][0]@1: ${NO_DB}`],
    [{ exitNode: ['tag:db', 'group:sree'] }, `.exitNode[1]@1: ${NO_SRE}`],
    [{ services: { 'svc:web': ['*'] } }, '.services["svc:web"][0]@1: "*": only people, groups, autogroups and tags can stand here'],
  ])('%j: %s', (autoApprovers, told) => {
    expect(wrong({ autoApprovers })).toEqual([`autoApprovers${told}`]);
  }); // prettier-ignore
});

test('attributes of nodes change no access, and name what exists', () => {
  const of = (more: Record<string, unknown>) => ({ nodeAttrs: [{ target: ['tag:db'], attr: ['funnel'], app: {}, ipPool: ['100.64.0.0/16'], srcPosture: [], ...more }] }); // prettier-ignore
  expect(read(of({})).unjudged).toEqual([
    { path: 'nodeAttrs', why: 'attributes switch features of nodes on; none opens a connection between two of them' },
  ]);
  expect(wrong(of({ target: ['tag:dbb'] }))).toEqual([`nodeAttrs[0].target[0]@1: ${NO_DB}`]);
  expect(wrong(of({ target: ['autogroup:danger-all'] }))).toEqual(['nodeAttrs[0].target[0]@1: autogroup:danger-all can be a source only']); // prettier-ignore
});

test.each([
  ['sshTests', 'acept', 'accept'],
  ['sshTests', 'chek', 'check'],
  ['sshTests', 'deyn', 'deny'],
  ['sshTests', 'srcPosturAttrs', 'srcPostureAttrs'],
  ['sshTests', 'dstPosturAttrs', 'dstPostureAttrs'],
  ['nodeAttrs', 'targets', 'target'],
  ['nodeAttrs', 'atr', 'attr'],
  ['nodeAttrs', 'ap', 'app'],
  ['nodeAttrs', 'ippol', 'ipPool'],
  ['nodeAttrs', 'srcPostur', 'srcPosture'],
])('%s: %s is %s, misspelled', (section, field, meant) => {
  expect(wrong({ [section]: [{ [field]: [] }] })).toEqual([
    `${section}[0].${field}@1: is nothing that the service knows: did you mean ${meant}?`,
  ]);
});

describe('sections', () => {
  const all = { grants: [], acls: [], groups: {}, hosts: {}, ipsets: {}, tagOwners: {}, autoApprovers: {}, ssh: [], tests: [], sshTests: [], postures: {}, defaultSrcPosture: [] }; // prettier-ignore

  test('that are read leave nothing unjudged, in any letters', () => {
    expect(readPolicy(JSON.stringify(all)).unjudged).toEqual([]);
    const loud = Object.fromEntries(Object.entries(all).map(([name, value]) => [name.toUpperCase(), value]));
    expect(readPolicy(JSON.stringify(loud)).unjudged).toEqual([]);
  });

  test('beside access are told with the reason, those that nobody knows with a warning', () => {
    expect(readPolicy('{"futureSection": {}, "ONECGNATRoute": "", "derpMap": {}}').unjudged).toEqual([
      { path: 'derpMap', why: 'relays of one’s own change the way that packets take, not who may send them' },
      { path: 'ONECGNATRoute', why: 'how clients route, not what they may reach' },
      { path: 'futureSection', why: 'nothing here knows this section: it may restrict or permit more' },
    ]);
  });

  test('that are wrong are told in the order of the text', () => {
    const of = '{"tests": [{"src": "x"}],\n"hosts": {"a": "x"},\n"groups": {"a": ["ada@x"]}}';
    expect(faults(of).map((one) => one.replace(/:.*/, ''))).toEqual(['tests[0].src@1', 'hosts["a"]@2', 'groups["a"]@3']); // prettier-ignore
  });
});
