/** Something that wants to stand at a height. */
export interface Wish {
  center: number;
  height: number;
}

interface Block {
  members: { index: number; offset: number }[];
  top: number;
  height: number;
  /** Sum of the tops that its members would choose for the block. */
  wishes: number;
}

/**
 * Stands things in one column, as near to where they want to be as they can without touching: who collides forms a block,
 * which goes to the mean of what its members want.
 * @returns the top of each, in the order of `wishes`; nothing above `top`
 */
export function column(wishes: readonly Wish[], gap: number, top: number): number[] {
  const order = wishes
    .map((wish, index) => ({ ...wish, index }))
    .sort((a, b) => a.center - b.center || a.index - b.index);
  const blocks: Block[] = [];
  for (const { index, center, height } of order) {
    let block: Block = {
      members: [{ index, offset: 0 }],
      top: center - height / 2,
      height,
      wishes: center - height / 2,
    };
    block.top = Math.max(block.top, top);
    for (
      let last = blocks.at(-1);
      last !== undefined && last.top + last.height + gap > block.top;
      last = blocks.at(-1)
    ) {
      block = joined(last, block, gap, top);
      blocks.pop();
    }
    blocks.push(block);
  }
  const tops = new Map(
    blocks.flatMap((block) => block.members.map(({ index, offset }) => [index, block.top + offset])),
  );
  return wishes.map((_, index) => tops.get(index) ?? top);
}

function joined(upper: Block, lower: Block, gap: number, top: number): Block {
  const shift = upper.height + gap;
  const members = [...upper.members, ...lower.members.map(({ index, offset }) => ({ index, offset: offset + shift }))];
  const wishes = upper.wishes + lower.wishes - lower.members.length * shift;
  return { members, wishes, height: shift + lower.height, top: Math.max(wishes / members.length, top) };
}

/** `count` heights, evenly around a middle and no further apart than `step`, within `room`. */
export function spread(count: number, middle: number, room: number, step: number): number[] {
  const apart = count < 2 ? 0 : Math.min(step, room / (count - 1));
  return Array.from({ length: count }, (_, index) => middle + (index - (count - 1) / 2) * apart);
}

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
