import { expect, test } from 'vitest';
import { PolicyUnreadable, renderPolicyFault } from '../../../../../mesh/overlays/tailscale/policy/index.ts';
import { nearest } from '../../../../../mesh/overlays/tailscale/policy/nearest.ts';

test('a fault is told with as much of its place as there is', () => {
  const message = 'is no name of a tag';
  expect(renderPolicyFault({ path: 'grants[3].src[0]', line: 12, message })).toBe(
    '  line 12, grants[3].src[0]: is no name of a tag',
  );
  expect(renderPolicyFault({ path: '', line: 12, message })).toBe('  line 12: is no name of a tag');
  expect(renderPolicyFault({ path: 'tests', message })).toBe('  tests: is no name of a tag');
  expect(renderPolicyFault({ path: '', message })).toBe('  is no name of a tag');
});

test('a text that is no policy says all that is wrong', () => {
  const error = new PolicyUnreadable([
    { path: 'a', line: 1, message: 'x' },
    { path: '', message: 'y' },
  ]);
  expect([error.name, error.message, error.faults.length]).toEqual([
    'PolicyUnreadable',
    'the policy cannot be read:\n  line 1, a: x\n  y',
    2,
  ]);
});

test('what was probably meant is looked for among up to a thousand names of up to a hundred letters', () => {
  expect(nearest('tag:dbb', ['tag:app', 'tag:db'])).toBe('tag:db');
  expect(nearest('x'.repeat(100), ['x'.repeat(99)])).toBe('x'.repeat(99));
  expect(nearest('x'.repeat(101), ['x'.repeat(100)])).toBeUndefined();
  const names = (count: number): string[] => Array.from({ length: count }, (_, n) => `tag:${n}`);
  expect(nearest('tag:999x', names(1000))).toBe('tag:999');
  expect(nearest('tag:999x', names(1001))).toBeUndefined();
});
