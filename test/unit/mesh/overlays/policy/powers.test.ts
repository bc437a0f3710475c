import { expect, test } from 'vitest';
import { comparePowers } from '../../../../../mesh/overlays/tailscale/policy/index.ts';
import { policy } from './fixtures.ts';

const before = policy({
  tagOwners: { 'tag:app': [], 'tag:db': ['group:sre', 'tag:iac', 'group:dev'], 'tag:iac': [] },
  autoApprovers: { routes: { '10.77.10.0/24': ['tag:iac'] }, exitNode: ['group:sre'] },
});
const after = policy({
  tagOwners: { 'tag:app': ['autogroup:admin'], 'tag:db': ['group:dev'], 'tag:new': ['tag:iac', 'ada@example.com', 'group:dev'], 'tag:iac': [] },
  autoApprovers: { routes: { '10.77.10.0/24': ['tag:iac', 'group:dev'] } },
}); // prettier-ignore

const COMES = [
  'ada@example.com now may give tag:new to a node',
  'group:dev now may advertise 10.77.10.0/24 without approval',
  'group:dev now may give tag:new to a node',
];
const GOES = [
  'group:sre no longer may be an exit node without approval',
  'group:sre no longer may give tag:db to a node',
];

test('who may give a tag or advertise a route, and could not before, gains a power; the other way loses it', () => {
  expect(comparePowers(before, after, 'tag:iac')).toEqual({ gains: COMES, losses: GOES });
  const turned = (text: string): string =>
    text.replace(/now may|no longer may/, (may) => (may === 'now may' ? 'no longer may' : 'now may'));
  expect(comparePowers(after, before, 'tag:iac')).toEqual({ gains: GOES.map(turned), losses: COMES.map(turned) });
  expect(comparePowers(before, before)).toEqual({ gains: [], losses: [] });
});

test('a credential may give tags anyway only where it is the deployer', () => {
  expect(comparePowers(before, after)).toEqual({
    gains: [...COMES, 'tag:iac now may give tag:new to a node'],
    losses: [...GOES, 'tag:iac no longer may give tag:db to a node'],
  });
});
