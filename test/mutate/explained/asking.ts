import type { Explained } from './types.ts';

const LOWER = {
  file: 'mesh/overlays/tailscale/policy/side.ts',
  text: 'if ((this.#addresses[middle]?.address ?? 0n) < address) low = middle + 1;',
  why: 'below the end of the list there always is an address: only the types ask for another',
};

/** Asking a policy that was read. */
export const ASKING: readonly Explained[] = [
  { ...LOWER, from: 'this.#addresses[middle]?.address ?? 0n', to: 'this.#addresses[middle]?.address' },
  { ...LOWER, from: '0n', to: '0n + 1n' },
  {
    file: 'mesh/overlays/tailscale/policy/compare.ts',
    text: 'if (old?.content === permission.content) continue;',
    from: 'old?.content === permission.content',
    to: 'false',
    why: 'equal contents have no difference: it only saves looking for one',
  },
];
