import type { Explained } from './types.ts';

const MIDDLE = 'the middle of what is left is always one of the numbers';

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
  {
    file: 'mesh/overlays/tailscale/policy/read.ts',
    text: 'if (!(error instanceof Enough)) throw error;',
    from: '!(error instanceof Enough)',
    to: 'false',
    why: 'reading throws nothing else',
  },
  {
    file: 'mesh/overlays/tailscale/policy/text.ts',
    text: 'if ((numbers[middle] ?? 0) <= value) low = middle + 1;',
    from: 'numbers[middle] ?? 0',
    to: 'numbers[middle]',
    why: MIDDLE,
  },
  {
    file: 'mesh/overlays/tailscale/policy/text.ts',
    text: 'if ((numbers[middle] ?? 0) <= value) low = middle + 1;',
    from: '0',
    to: '0 + 1',
    why: MIDDLE,
  },
  {
    file: 'mesh/overlays/tailscale/policy/text.ts',
    text: 'const until = (offset: number): number => upper(this.#commentStarts, offset - 1);',
    from: '1',
    to: '1 + 1',
    why: 'no comment starts on the last letter before a value or a line, nor on the last one of a value: it has two letters at least',
  },
];
