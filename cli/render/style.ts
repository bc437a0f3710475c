import { styleText } from 'node:util';
import Table from 'cli-table3';

/** Colour only where a person reads: a terminal, and NO_COLOR unset (styleText honours both and FORCE_COLOR). */
type Format = Parameters<typeof styleText>[0];
const paint =
  (format: Format) =>
  (text: string): string =>
    styleText(format, text, { stream: process.stdout });

export const bold = paint('bold');
export const dim = paint('dim');
export const green = paint('green');
export const red = paint('red');
export const yellow = paint('yellow');

/** Columns without borders: copies cleanly out of a terminal and diffs well. */
export function columns(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const none = '';
  const table = new Table({
    head: head.map((title) => dim(title)),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: {
      top: none, 'top-mid': none, 'top-left': none, 'top-right': none,
      bottom: none, 'bottom-mid': none, 'bottom-left': none, 'bottom-right': none,
      left: '  ', 'left-mid': none, mid: none, 'mid-mid': none,
      right: none, 'right-mid': none, middle: none,
    },
  }); // prettier-ignore
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
