import { expect, test } from 'vitest';
import { productionFaults } from '../../../mesh/config/checks/production.ts';
import { accepted, validRaw } from './fixtures.ts';

const bare = accepted(validRaw());
const raw = validRaw();
const safe = accepted({ ...raw, tailnet: { ...raw.tailnet, breakGlass: { group: 'sre', service: 'ssh' } } });

test('production without a break-glass group is a fault; another stack, or production with one, is none', () => {
  const [fault, ...more] = productionFaults('prod', bare);
  expect(fault).toMatchObject({ path: 'tailnet.breakGlass', value: '(nothing)' });
  expect(fault?.remedy).toContain('breakGlass: { group: sre, service: ssh }');
  expect(more).toEqual([]);
  expect(productionFaults('staging', bare)).toEqual([]);
  expect(productionFaults('prod', safe)).toEqual([]);
});
