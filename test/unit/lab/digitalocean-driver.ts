import { DIGITALOCEAN } from '../../../lab/plugins/digitalocean/definition.ts';
import { DO_TOKENS, type Cloud } from './cloud.ts';
import { drivePlugin } from './plugin-driver.ts';

/** A thousandth of the official rhythm: what is tested is the order of the calls, never their time. */
export const PACE = '0.001';

/** Plays the engine's part for the digitalocean stand-in. MESH_LAB_PACE must be set before. */
export function startDriver(cloud: Pick<Cloud, 'base'>, config: Record<string, string> = {}) {
  return drivePlugin(DIGITALOCEAN, { token: DO_TOKENS.staging, apiEndpoint: cloud.base, ...config });
}

export type Driver = Awaited<ReturnType<typeof startDriver>>;
