import { expect, test } from 'vitest';
import { choosePoints } from '../../kills/choose.ts';
import { missingFrom } from '../../kills/inventory.ts';
import { VICTIMS } from '../../kills/victims.ts';

const CHANGES = { up: 35, destroy: 21 };

test('points are different ones, every victim has its share, and a seed gives the same again', () => {
  const points = choosePoints(50, CHANGES, VICTIMS, 1);
  expect(new Set(points.map((point) => JSON.stringify(point))).size).toBe(50);
  for (const victim of VICTIMS)
    expect(points.filter((point) => point.victim === victim).length).toBeGreaterThanOrEqual(16);
  expect(points.filter(({ run }) => run === 'destroy').length).toBeGreaterThan(10);
  expect(points.every(({ run, nth }) => nth >= 1 && nth <= CHANGES[run])).toBe(true);
  expect(choosePoints(50, CHANGES, VICTIMS, 1)).toEqual(points);
  expect(choosePoints(50, CHANGES, VICTIMS, 2)).not.toEqual(points);
});

test('there are no more points than moments', () => {
  expect(choosePoints(1000, { up: 2, destroy: 1 }, ['engine'], 1)).toHaveLength(6);
});

test('a second object of a name is one too many', () => {
  expect(missingFrom(['server a'], ['server a', 'server a'])).toEqual(['server a']);
  expect(missingFrom(['server a', 'server a'], ['server a'])).toEqual([]);
});
