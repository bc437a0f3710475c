import type { Explained } from './index.ts';

/** Reading any policy. */
export const READING: readonly Explained[] = [
  {
    file: 'mesh/overlays/tailscale/policy/ranges.ts',
    text: 'out[out.length - 1] = [previous[0], previous[1] > last ? previous[1] : last];',
    from: 'previous[1] > last',
    to: 'previous[1] >= last',
    why: 'the later of two equal ends is either of them',
  },
  {
    file: 'mesh/overlays/tailscale/policy/permission.ts',
    text: 'if (one === undefined) continue;',
    from: 'one === undefined',
    to: 'false',
    why: 'shares are numbered by the parts that they are told with',
  },
];
