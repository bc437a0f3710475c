import type { CloudName } from '../mesh/config/clouds.ts';
import type { CloudComponents } from './cloud.ts';
import { digitalocean } from './digitalocean/index.ts';
import { existing } from './existing/index.ts';
import { hetzner } from './hetzner/index.ts';

/** By the names of mesh/config/clouds.ts: a cloud without components does not compile. */
export const cloudComponents: Record<CloudName, CloudComponents> = { hetzner, digitalocean, existing };
