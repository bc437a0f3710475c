import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareAccess, evaluator, type Policy } from '../../../../../mesh/overlays/tailscale/policy/index.ts';
import { asking, policy, world } from './fixtures.ts';

const SRC = ['*', 'tag:app', 'tag:db', 'tag:router', 'group:dev', 'group:sre', 'ada@example.com', 'autogroup:member', 'autogroup:tagged', 'nas-1', 'nas-1-v6', 'lan-fra', '100.64.0.0/10', '100.64.0.0/29', '10.77.10.30', 'user:*@example.com']; // prettier-ignore
const DST = ['*', 'tag:app', 'tag:db', 'tag:new', 'nas-1', 'nas-1-v6', 'lan-fra', '10.77.10.0/27', 'autogroup:internet', 'autogroup:member', 'linus@example.com']; // prettier-ignore
const IP = ['*', 'tcp:443', 'tcp:400-500', '80', 'udp:53', 'icmp:*', 'gre:*', 'tcp:*'];

const some = (of: readonly string[]) => fc.uniqueArray(fc.constantFrom(...of), { minLength: 1, maxLength: 3 });
const grant = fc.record(
  { src: some(SRC), dst: some(DST), ip: some(IP), srcPosture: fc.constant(['posture:new']) },
  { requiredKeys: ['src', 'dst', 'ip'] },
);
const ssh = fc.record({ action: fc.constantFrom('accept', 'check'), src: some(SRC.slice(1, 8)), dst: some(['tag:app', 'tag:db', 'tag:router']), users: some(['ops', 'root', 'autogroup:nonroot']) }); // prettier-ignore
const rules = fc.record({ grants: fc.array(grant, { maxLength: 5 }), ssh: fc.array(ssh, { maxLength: 2 }) });
type Rules = typeof rules extends fc.Arbitrary<infer T> ? T : never;

const read = (sections: Rules, more: Record<string, unknown> = {}): Policy =>
  policy({ postures: { 'posture:new': ['x'] }, ...sections, ...more });

const changes = (before: Policy, after: Policy) => {
  const { gains, losses } = compareAccess({ policy: before, world: world() }, { policy: after, world: world() });
  const plain = (all: typeof gains): string[] => all.map(({ from, to, ports, family, conditional }) => JSON.stringify([from.map(({ key }) => key), to === 'own' ? to : to.map(({ key }) => key), ports, family, conditional])).sort(); // prettier-ignore
  return { gains: plain(gains), losses: plain(losses) };
};
const NONE = { gains: [], losses: [] };

const NAMES = ['app-1', 'app-2', 'db-1', 'edge-1', 'laptop', 'ada@example.com', 'linus@example.com', 'grace@other.org', 'nas-1', 'printer', '10.77.10.5', '10.77.10.200', '203.0.113.7']; // prettier-ignore
const question = fc.record({ from: fc.constantFrom(...NAMES), to: fc.constantFrom(...NAMES, 'tag:new'), on: fc.constantFrom('tcp/443', 'tcp/22', 'udp/80', 'udp/53', 'icmp', 'gre') }); // prettier-ignore

describe('for any rules', () => {
  test('order never matters, nor that something stands twice', () => {
    fc.assert(
      fc.property(rules, fc.infiniteStream(fc.nat()), (sections, numbers) => {
        const shuffled = <T>(all: readonly T[]): T[] => all.map((one) => ({ one, at: Number(numbers.next().value) })).sort((a, b) => a.at - b.at).map(({ one }) => one); // prettier-ignore
        const mixed = shuffled([...sections.grants, ...sections.grants]).map(({ src, dst, ip, ...rest }) => ({ ip: shuffled(ip), dst: shuffled(dst), src: shuffled([...src, ...src]), ...rest })); // prettier-ignore
        const other = read({ grants: mixed, ssh: shuffled(sections.ssh) });
        expect(changes(read(sections), other)).toEqual(NONE);
        expect(changes(other, read(sections))).toEqual(NONE);
      }),
    );
  });

  test('a rule less never widens, a rule more never narrows; what one direction gains the other loses', () => {
    fc.assert(
      fc.property(rules, grant, (sections, more) => {
        const [less, all] = [read(sections), read({ ...sections, grants: [...sections.grants, more] })];
        const forth = changes(less, all);
        const back = changes(all, less);
        expect(back).toEqual({ gains: forth.losses, losses: forth.gains });
        // A conditional permission that becomes a certain one is not lost.
        expect(forth.losses.filter((one) => !one.includes('posture'))).toEqual([]);
      }),
    );
  });

  test('an answer is the same with more rules, or a no becomes a yes', () => {
    fc.assert(
      fc.property(rules, grant, question, (sections, more, { from, to, on }) => {
        const before = asking(read(sections))(from, to, on);
        const after = asking(read({ ...sections, grants: [...sections.grants, more] }))(from, to, on);
        if (before.allowed) expect(after.allowed).toBe(true);
        if (before.allowed && before.conditional === undefined) expect(after.conditional).toBeUndefined();
        expect(after.allowed ? after.rules.length : 0).toBeGreaterThanOrEqual(before.rules.length);
      }),
    );
  });

  test('grants and acls, groups and their people, split and whole are the same', () => {
    fc.assert(
      fc.property(rules, (sections) => {
        const people: Record<string, string[]> = { 'group:dev': ['ada@example.com', 'linus@example.com'], 'group:sre': ['grace@other.org'] }; // prettier-ignore
        const split = sections.grants.flatMap(({ src, dst, ip, ...rest }) => src.flatMap((one) => dst.flatMap((to) => ip.map((port) => ({ src: people[one] ?? [one], dst: [to], ip: [port], ...rest }))))); // prettier-ignore
        const acls = split.map(({ src, dst: [to = ''], ip: [port = ''], ...rest }) => {
          const [ports = '*', proto] = port.split(':').reverse();
          const host = to.includes(':') && !/^[a-z]+:/.test(to) ? `[${to}]` : to;
          return {
            action: 'accept',
            users: src,
            ports: [`${host}:${ports}`],
            ...(proto !== undefined && { proto }),
            ...rest,
          };
        });
        expect(changes(read(sections), read({ ...sections, grants: split }))).toEqual(NONE);
        expect(changes(read(sections), read({ grants: [], ssh: sections.ssh }, { acls }))).toEqual(NONE);
      }),
    );
  });

  test('the matrix says what the answers say', () => {
    fc.assert(
      fc.property(rules, question, (sections, { from, to, on }) => {
        const read1 = read(sections);
        const rows = evaluator(read1, world()).matrix();
        const answer = asking(read1)(from, to, on);
        if (from === to || /^\d/.test(from) || /^\d/.test(to)) return;
        const between = rows.filter(
          (row) =>
            row.from.some((one) => isNamed(one, from)) && row.to !== 'own' && row.to.some((one) => isNamed(one, to)),
        );
        const open = between.some(({ ports }) => ports.some((port) => opens(port, on)));
        expect(open, answer.because).toBe(answer.allowed);
      }),
    );
  });
});

const isNamed = (one: { label: string; kind: string }, name: string): boolean => one.label === name || (name === 'tag:new' && (one.label.startsWith('tag:new') || one.label === 'any other tagged node')); // prettier-ignore

/** Whether a port of a row opens what was asked; every network port lets a ping through. */
function opens(port: string, on: string): boolean {
  if (port.startsWith('ssh')) return false;
  if (on === 'icmp') return true;
  const [protocol, number = '*'] = on.split('/');
  if (port === '*') return protocol === 'tcp' || protocol === 'udp';
  const [own, range = ''] = port.split('/');
  if (own !== protocol) return false;
  const [first, last = first] = range.split('-');
  return range === '*' || number === '*' || (Number(first) <= Number(number) && Number(number) <= Number(last));
}
