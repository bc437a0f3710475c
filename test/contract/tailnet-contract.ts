import { describe } from 'vitest';
import { deviceContract } from './tailnet/devices.ts';
import { keyContract } from './tailnet/keys.ts';
import { policyContract } from './tailnet/policy.ts';
import { routeContract } from './tailnet/routes.ts';
import { settingsContract } from './tailnet/settings.ts';
import type { TailnetAbilities, TailnetBench } from './tailnet/bench.ts';

/**
 * The Tailscale API v2 as an operator and a host meet it. The same assertions hold over records in memory and over a real control
 * server; where an ability says that the two differ, what is there instead is asserted.
 * @param open a tailnet that nobody has touched; closed after each test
 */
export function tailnetContract(open: () => Promise<TailnetBench>, abilities: TailnetAbilities): void {
  describe('keys', () => keyContract(open, abilities));
  describe('devices', () => deviceContract(open, abilities));
  describe('routes', () => routeContract(open, abilities));
  describe('policy', () => policyContract(open, abilities));
  describe('settings and DNS', () => settingsContract(open));
}
