/** Blanks and comments between the tokens of a HuJSON text, and how the service's formatter lays them out. */

// What Go's unicode.IsSpace knows; String.trimEnd differs by U+0085 and U+FEFF.
const TRAILING_SPACE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/;
const BLANKS = /^[ \t\r\n]*/;

export const trimEnd = (text: string): string => text.replace(TRAILING_SPACE, '');
export const trimBlanks = (text: string): string => text.replace(BLANKS, '');
export const hasComment = (extra: string): boolean => trimBlanks(extra) !== '';
export const hasNewline = (extra: string): boolean => extra.includes('\n');
/** Lengths are counted in UTF-8 bytes, as the formatter does. */
export const width = (text: string): number => Buffer.byteLength(text);

/** Widths of the first and last line that something takes; equal when it takes one. */
export interface Lines {
  first: number;
  last: number;
  multiline: boolean;
}

/** The length of the comment that `text` starts with, newline included; 0 for none, -1 for one without an end. */
function commentLength(text: string): number {
  const [start, end] = text.startsWith('//') ? ['//', '\n'] : text.startsWith('/*') ? ['/*', '*/'] : ['', ''];
  if (start === '') return 0;
  const at = text.indexOf(end, 2);
  return at < 0 ? -1 : at + end.length;
}

/** Width of comments on one line, with the blank that will separate them. */
function commentWidth(line: string): number {
  let total = 0;
  for (let rest = trimBlanks(line); ; rest = trimBlanks(rest)) {
    if (rest.startsWith('//')) return total + 1 + width(rest);
    const length = commentLength(rest);
    if (length < 0) return total + 1 + width(rest);
    if (length === 0) return total > 0 ? total + 1 : 0;
    total += 1 + width(rest.slice(0, length));
    rest = rest.slice(length);
  }
}

export function linesOf(extra: string): Lines {
  const lines = extra.split('\n');
  return { first: commentWidth(lines[0] ?? ''), last: commentWidth(lines.at(-1) ?? ''), multiline: lines.length > 1 };
}

export interface Layout {
  /** A newline must stand at the start / at the end. */
  leadingNewline?: boolean;
  trailingNewline?: boolean;
  /** Empty lines are dropped at the start / at the end. */
  noLeadingEmpty?: boolean;
  noTrailingEmpty?: boolean;
  /** The last line is indented one less: a closing bracket follows. */
  outdent?: boolean;
  /** One blank when nothing else stands there. */
  spaceIfEmpty?: boolean;
}

/** Re-indents a block comment: its common leading blanks go, a column of stars keeps one blank. */
function layBlock(comment: string, indent: string): string {
  const lines = comment.split('\n').map(trimEnd);
  const [opening = '', ...rest] = lines;
  let common = rest.find((line) => line !== '') ?? '';
  for (const [index, line] of rest.entries()) {
    if (line === '') continue;
    if (trimBlanks(line) === '*/') {
      // A last line that only closes the comment follows the others and does not shape them.
      rest[index] = common.slice(0, common.length - trimBlanks(common).length) + '*/';
      break;
    }
    let same = 0;
    while (same < line.length && same < common.length && line[same] === common[same]) same++;
    if (same < line.length && same < common.length) common = common.slice(0, same);
  }
  const blanks = common.length - trimBlanks(common).length;
  const stars = !lines.includes('') && common[blanks] === '*';
  const laid = rest.map((line) => (line === '' ? '' : indent + (stars ? ' ' : '') + line.slice(blanks)));
  return [opening, ...laid].join('\n').replace(/\n+$/, '');
}

/** The extra as the formatter writes it at this depth (tabs). */
export function layExtra(extra: string, depth: number, layout: Layout): string {
  const input = extra.replaceAll('\r\n', '\n').replaceAll('\n\r', '\n').replaceAll('\r', ' ');
  let out = layout.leadingNewline === true && !hasNewline(input) ? '\n' : '';
  for (let rest = input; rest !== '';) {
    const blanks = rest.length - trimBlanks(rest).length;
    if (blanks > 0) {
      out += '\n'.repeat(Math.min(2, rest.slice(0, blanks).split('\n').length - 1));
      rest = rest.slice(blanks);
      continue;
    }
    const length = commentLength(rest);
    if (length <= 0) return extra;
    out += out.endsWith('\n') ? '\t'.repeat(depth) : ' ';
    const comment = rest.slice(0, length);
    if (comment.startsWith('//')) {
      out += trimEnd(comment);
      rest = rest.slice(length - 1); // its newline is laid out with the blanks that follow
    } else {
      out += hasNewline(comment) ? layBlock(comment, '\t'.repeat(depth)) : comment;
      rest = rest.slice(length);
    }
  }
  if (layout.trailingNewline === true && !out.endsWith('\n')) out += '\n';
  if (layout.noLeadingEmpty === true) while (out.startsWith('\n\n')) out = out.slice(1);
  if (layout.noTrailingEmpty === true) while (out.endsWith('\n\n')) out = out.slice(0, -1);
  if (out.endsWith('\n')) out += '\t'.repeat(Math.max(0, layout.outdent === true ? depth - 1 : depth));
  else if (out !== '') out += ' ';
  return out === '' && layout.spaceIfEmpty === true ? ' ' : out;
}
