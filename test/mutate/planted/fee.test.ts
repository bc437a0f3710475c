import { expect, test } from 'vitest';
import { fee } from './fee.ts';

test.each([
  [100, 5],
  [101, 0],
])('a fee for %i', (amount, due) => {
  expect(fee(amount)).toBe(due);
});
