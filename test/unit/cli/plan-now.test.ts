import { describe, expect, test } from 'vitest';
import { dayOf } from '../../../cli/plan-now.ts';
import { renderPlan } from '../../../cli/render/plan.ts';
import { planMesh } from '../../../mesh/plan/index.ts';
import { accepted, validRaw } from '../mesh/fixtures.ts';

describe('--now', () => {
  test('is the first moment of a day, UTC; without it the clock is asked', () => {
    expect(dayOf('2028-02-29')?.toISOString()).toBe('2028-02-29T00:00:00.000Z');
    expect(dayOf(undefined)).toBeUndefined();
  });

  test.each(['2027-02-29', '2027-13-01', 'tomorrow', '2027-06-30T10:00:00Z', ''])(
    'refuses %j with an example',
    (text) => {
      expect(() => dayOf(text)).toThrow('write YYYY-MM-DD. Example: --now 2027-01-01');
    },
  );
});

describe('the printed plan', () => {
  const raw = {
    ...validRaw(),
    tools: { ci: { why: 'runs the releases' } },
    access: [
      { from: ['group:platform'], to: 'postgres', until: '2027-06-30', why: 'the move' },
      { from: ['group:sre'], ssh: { on: ['role:router'], users: ['ops'], check: '12h' }, why: 'on call' },
    ],
  };
  const printed = (now: string): string =>
    renderPlan(planMesh(accepted(raw), { stack: 'test', now: new Date(now) }), 'test');

  test('puts what is over before everything else, and what ends at its permission', () => {
    const over = printed('2027-07-01');
    const [, heading, sentence] = over.split('\n\n');
    expect([heading, sentence]).toEqual([
      'No longer permitted',
      expect.stringContaining('(the move) ended on 2027-06-30'),
    ]);
    expect(over.split('(the move) ended').length).toBe(2);
    const before = printed('2027-01-01');
    expect(before).not.toContain('No longer permitted');
    expect(before).toContain('the move until 2027-06-30');
  });

  test('shows tools with their tags, logins, and the nodes that answer SSH', () => {
    const text = printed('2027-01-01');
    expect(text).toMatch(/ci +tag:tool-ci +runs the releases/);
    expect(text).toContain('tcp/22 (ssh as ops, check 12h)');
    expect(text).toMatch(/fra-edge-01 .* answers SSH/);
    expect(text).not.toMatch(/fra-db-01 .* answers SSH/);
  });
});
