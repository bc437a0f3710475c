/**
 * Writes HuJSON the way the service's own formatter leaves it: tabs, trailing commas, values of neighbouring members
 * aligned. So the text that we push, the text that the service stores and the hash in its ETag are one and the same.
 */
export type Node = string | readonly string[] | { members: readonly Member[] } | { elements: readonly Element[] };

export interface Member {
  key: string;
  value: Node;
  /** One line above the member. */
  comment?: string;
  /** A blank line before it, for sections. */
  apart?: boolean;
}
export interface Element {
  value: Node;
  comment?: string;
}

export function hujson(root: Node): string {
  return `${write(root, '')}\n`;
}

function write(node: Node, indent: string): string {
  if (typeof node === 'string') return JSON.stringify(node);
  const inner = `${indent}\t`;
  if (isFlat(node)) {
    const texts = node.map((text) => JSON.stringify(text));
    if (oneLine(node)) return `[${texts.join(', ')}]`;
    return `[\n${texts.map((text) => `${inner}${text},\n`).join('')}${indent}]`;
  }
  if ('members' in node) {
    if (node.members.length === 0) return '{}';
    const pads = padding(node.members);
    const lines = node.members.map((member, index) => {
      const blank = member.apart === true ? '\n' : '';
      const pad = ' '.repeat(pads[index] ?? 1);
      return `${blank}${comment(member, inner)}${inner}${JSON.stringify(member.key)}:${pad}${write(member.value, inner)},\n`;
    });
    return `{\n${lines.join('')}${indent}}`;
  }
  if (node.elements.length === 0) return '[]';
  const lines = node.elements.map((element) => `${comment(element, inner)}${inner}${write(element.value, inner)},\n`);
  return `[\n${lines.join('')}${indent}]`;
}

const isFlat = (node: Node): node is readonly string[] => Array.isArray(node);

const comment = (one: { comment?: string }, indent: string): string =>
  one.comment === undefined ? '' : `${indent}// ${one.comment.trimEnd()}\n`;

/** Blanks after each colon: members on neighbouring lines whose values are on one line form a column. */
function padding(members: readonly Member[]): number[] {
  const widths: number[] = new Array<number>(members.length).fill(1);
  let start = 0;
  const align = (end: number): void => {
    const block = members.slice(start, end);
    const longest = Math.max(0, ...block.map(({ key }) => JSON.stringify(key).length));
    for (const [offset, { key }] of block.entries()) widths[start + offset] = 1 + longest - JSON.stringify(key).length;
    start = end;
  };
  for (const [index, member] of members.entries()) {
    if (member.apart === true || member.comment !== undefined) align(index);
    if (!oneLine(member.value)) {
      align(index);
      start = index + 1;
    }
  }
  align(members.length);
  return widths;
}

/** Lists that would be longer than the formatter's punch card are written with one entry per line. */
const WIDTH = 80;

function oneLine(node: Node): boolean {
  if (typeof node === 'string') return true;
  if (!isFlat(node)) return ('members' in node ? node.members : node.elements).length === 0;
  return 2 + node.reduce((sum, text) => sum + Buffer.byteLength(JSON.stringify(text)) + 2, 0) <= WIDTH;
}
