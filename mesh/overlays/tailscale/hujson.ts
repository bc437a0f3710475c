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
    const lines = columns(node.members).flatMap((column) => {
      const names = column.map(({ key }) => `${JSON.stringify(key)}: `);
      const longest = Math.max(...names.map(({ length }) => length));
      return column.map((member) => {
        const blank = member.apart === true ? '\n' : '';
        const name = `${JSON.stringify(member.key)}: `.padEnd(longest);
        return `${blank}${comment(member, inner)}${inner}${name}${write(member.value, inner)},\n`;
      });
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

/** Members whose values form a column: those on neighbouring lines, each with its value on one line. */
function columns(members: readonly Member[]): Member[][] {
  const found: Member[][] = [];
  let open: Member[] | undefined;
  for (const member of members) {
    const flat = oneLine(member.value);
    if (open !== undefined && flat && member.apart !== true && member.comment === undefined) open.push(member);
    else {
      const column = [member];
      found.push(column);
      open = flat ? column : undefined;
    }
  }
  return found;
}

/** Lists that would be longer than the formatter's punch card are written with one entry per line. */
const WIDTH = 80;

function oneLine(node: Node): boolean {
  if (typeof node === 'string') return true;
  if (!isFlat(node)) return ('members' in node ? node.members : node.elements).length === 0;
  return 2 + node.reduce((sum, text) => sum + Buffer.byteLength(JSON.stringify(text)) + 2, 0) <= WIDTH;
}
