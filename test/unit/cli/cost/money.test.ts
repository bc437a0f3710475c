import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { amount, exact, rounded, sum } from '../../../../cli/cost/money.ts';

describe('amounts', () => {
  test('are exact where floats are not, and rounded for the eye alone', () => {
    const tenth = amount('0.1');
    expect(exact(tenth + amount('0.2'))).toBe('0.30');
    expect([rounded(amount('4.7481')), exact(amount('4.7481'))]).toEqual(['4.75', '4.7481']);
    expect([rounded(amount('0.005')), rounded(amount('-0.005')), rounded(amount('-0.0049'))]).toEqual(['0.01', '-0.01', '0.00']); // prettier-ignore
    expect(exact(amount('-3.4900000000'))).toBe('-3.49');
  });

  test('come back as they were written', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 99 }), (whole, cents) => {
        const text = `${whole}.${String(cents).padStart(2, '0')}`;
        if (whole === 0) return;
        expect([exact(amount(text)), rounded(amount(text))]).toEqual([text, text]);
      }),
    );
  });

  test.each(['', '1,5', '1e3', 'NaN', '.5', '1.', ' 1'])('%j is none', (text) => {
    expect(() => amount(text)).toThrow('is not an amount');
  });

  test('are added by currency', () => {
    const all = sum([{ currency: 'USD', value: 1n }, { currency: 'EUR', value: 2n }, { currency: 'USD', value: 3n }]); // prettier-ignore
    expect([...all]).toEqual([['EUR', 2n], ['USD', 4n]]); // prettier-ignore
  });
});
