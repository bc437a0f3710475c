import { describe, expect, test } from 'vitest';
import { interpret } from '../../../../lab/tailnet/policy/index.ts';
import { accessChanges } from '../../../../mesh/access/sentences.ts';
import { planMesh } from '../../../../mesh/plan/index.ts';
import type { MeshPlan } from '../../../../mesh/plan/types.ts';
import { accepted, validRaw } from '../fixtures.ts';

/** The first intent of the one-site stack, with an end. */
function ending(until: string): Record<string, unknown> {
  const raw = validRaw();
  const [first, ...rest] = raw.access;
  return { ...raw, access: [{ ...first, until }, ...rest] };
}
const plan = (raw: Record<string, unknown>, now: string): MeshPlan =>
  planMesh(accepted(raw), { stack: 'test', now: new Date(now) });
const permits = ({ policy: { text } }: MeshPlan): boolean =>
  interpret(text).allowed({ src: 'ada@example.com', dst: '10.77.10.10', proto: 'tcp', port: 5432 });

describe('a permission with an end', () => {
  test.each([
    ['months before', '2026-12-31T00:00:00Z', true, [0, 0]],
    ['15 days before', '2027-06-15T12:00:00Z', true, [0, 0]],
    ['14 days before', '2027-06-16T00:00:00Z', true, [0, 1]],
    ['on its last day, to the last moment', '2027-06-30T23:59:59.999Z', true, [0, 1]],
    ['at the first moment after it', '2027-07-01T00:00:00Z', false, [1, 0]],
    ['years after', '2031-01-01T00:00:00Z', false, [1, 0]],
  ])('%s', (_, now, holds, [ended, soon]) => {
    const made = plan(ending('2027-06-30'), now);
    expect(permits(made)).toBe(holds);
    expect([made.expiry.ended.length, made.expiry.soon.length]).toEqual([ended, soon]);
    expect(made.notes).toEqual(expect.arrayContaining([...made.expiry.ended, ...made.expiry.soon]));
    expect(interpret(made.policy.text).failingTests()).toEqual([]);
    expect(made.policy.access.some(({ to }) => to === 'fra-db-01')).toBe(holds);
  });

  test('says what goes, when and why', () => {
    expect(plan(ending('2027-06-30'), '2027-06-29T08:00:00Z').expiry.soon).toEqual([
      'group:platform → postgres (works on the primary) ends on 2027-06-30, in 1 day: the first up after that takes it away',
    ]);
    expect(plan(ending('2027-06-30'), '2027-06-30T08:00:00Z').expiry.soon.join()).toContain('ends today');
    expect(plan(ending('2027-06-30'), '2027-07-01T08:00:00Z').expiry.ended).toEqual([
      'group:platform → postgres (works on the primary) ended on 2027-06-30, so nobody gets it any more: remove it, or give it a later date',
    ]);
  });

  test('says who and where in order, and each once, by whom it concerns', () => {
    const raw = validRaw();
    const ssh = { on: ['role:router', 'fra-edge-01'], users: ['root', 'ops'] };
    const more = { until: '2027-06-30', why: 'until the move' };
    const logins = { from: ['group:sre', 'group:platform'], ssh, ...more };
    const access = [
      { from: ['group:sre'], to: 'ssh', ...more },
      logins,
      { ...logins, ssh: { ...ssh, check: '12h' } },
      { from: ['group:platform'], to: 'postgres', ...more, until: '2027-06-20' },
      { from: ['group:sre'], to: 'postgres', ...more, until: '2027-06-21' },
    ];
    expect(plan({ ...raw, access }, '2027-06-22T08:00:00Z').expiry).toEqual({
      ended: [
        'group:platform → postgres (until the move) ended on 2027-06-20, so nobody gets it any more: remove it, or give it a later date',
        'group:sre → postgres (until the move) ended on 2027-06-21, so nobody gets it any more: remove it, or give it a later date',
      ],
      soon: [
        'group:platform, group:sre → ssh as ops, root on fra-edge-01, role:router (until the move) ends on 2027-06-30, in 8 days: the first up after that takes it away',
        'group:sre → ssh (until the move) ends on 2027-06-30, in 8 days: the first up after that takes it away',
      ],
    });
  });

  test('is lost by the first up after its last day, in a sentence, and by none before', () => {
    const raw = ending('2027-06-30');
    const evening = plan(raw, '2027-06-30T18:00:00Z').policy;
    const morning = plan(raw, '2027-07-01T06:00:00Z').policy;
    expect(accessChanges(evening.access, morning.access)).toEqual([
      'group:platform loses tcp/5432 on fra-db-01 (works on the primary)',
    ]);
    expect(accessChanges(plan(raw, '2027-06-30T06:00:00Z').policy.access, evening.access)).toEqual([]);
  });

  test('makes a plan of its day: equal within one day, and without an end the same on any', () => {
    const text = (raw: Record<string, unknown>, now: string): string => JSON.stringify(plan(raw, now));
    expect(text(ending('2027-06-30'), '2027-06-30T00:00:00Z')).toBe(text(ending('2027-06-30'), '2027-06-30T23:00:00Z'));
    expect(text(ending('2027-06-30'), '2027-06-30T23:00:00Z')).not.toBe(
      text(ending('2027-06-30'), '2027-07-01T00:00:00Z'),
    );
    expect(text(validRaw(), '2020-01-01T00:00:00Z')).toBe(text(validRaw(), '2040-01-01T00:00:00Z'));
  });

  test('leaves its group without anything, which is told', () => {
    const note = 'group platform is named by no access rule, so its people reach nothing';
    expect(plan(ending('2027-06-30'), '2027-07-01T00:00:00Z').notes).toContain(note);
    expect(plan(ending('2027-06-30'), '2027-06-30T00:00:00Z').notes).not.toContain(note);
  });

  test('may be written without quotes: Pulumi hands such a date on as a time', () => {
    const now = '2027-01-01T00:00:00Z';
    expect(plan(ending('2027-06-30 00:00:00 +0000 UTC'), now)).toEqual(plan(ending('2027-06-30'), now));
  });
});
