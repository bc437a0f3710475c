import { HCLOUD } from '../../../lab/plugins/hcloud/definition.ts';
import { TOKENS, type Cloud } from './cloud.ts';
import { drivePlugin } from './plugin-driver.ts';

export type { Recorded } from './plugin-driver.ts';

/** Plays the engine's part for the hcloud stand-in. */
export function startDriver(cloud: Pick<Cloud, 'base'>) {
  return drivePlugin(HCLOUD, {
    token: TOKENS.staging,
    endpoint: `${cloud.base}/v1`,
    pollInterval: '5ms',
    pollFunction: 'constant',
  });
}

export type Driver = Awaited<ReturnType<typeof startDriver>>;
