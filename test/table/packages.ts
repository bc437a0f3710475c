import { command } from './command.ts';
import { digitalocean } from './digitalocean.ts';
import { hcloud } from './hcloud.ts';
import { tailscale } from './tailscale.ts';
import type { Package } from './types.ts';

/** Every plugin that the lab stands in for. */
export const PACKAGES: readonly Package[] = [hcloud, digitalocean, tailscale, command];
