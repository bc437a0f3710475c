import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lineDiff, renderLineDiff } from '../../../cli/render/line-diff.ts';

const texts = fc
  .array(fc.constantFrom('a', 'b', 'c', ''), { minLength: 1, maxLength: 12 })
  .map((lines) => lines.join('\n'));
const side = (edits: ReturnType<typeof lineDiff>, kind: '-' | '+'): string =>
  edits.flatMap((edit) => (edit.kind === ' ' || edit.kind === kind ? [edit.line] : [])).join('\n');

/** Lines in common, by the textbook. */
function common(a: readonly string[], b: readonly string[]): number {
  const row = new Array<number>(b.length + 1).fill(0);
  for (const one of a) {
    let diagonal = 0;
    for (const [at, other] of b.entries()) {
      const above = row[at + 1] ?? 0;
      row[at + 1] = one === other ? diagonal + 1 : Math.max(above, row[at] ?? 0);
      diagonal = above;
    }
  }
  return row[b.length] ?? 0;
}

test('the edits make one text of the other, and keep as many lines as can be kept', () => {
  fc.assert(
    fc.property(texts, texts, (before, after) => {
      const edits = lineDiff(before, after);
      const plain = (text: string): string => text.replace(/\n$/, '');
      expect(side(edits, '-')).toBe(plain(before));
      expect(side(edits, '+')).toBe(plain(after));
      const kept = edits.filter(({ kind }) => kind === ' ').length;
      expect(kept).toBe(common(plain(before).split('\n'), plain(after).split('\n')));
    }),
    { numRuns: 300 },
  );
});

test('shows what changed with three lines around it, and nothing where nothing did', () => {
  const lines = Array.from({ length: 20 }, (_, at) => `line ${at}`);
  const text = renderLineDiff(lines.join('\n'), lines.with(10, 'other').join('\n'));
  expect(text.split('\n')).toEqual([
    '  …',
    '  line 7',
    '  line 8',
    '  line 9',
    '- line 10',
    '+ other',
    '  line 11',
    '  line 12',
    '  line 13',
    '  …',
  ]);
  expect(renderLineDiff('a\n', 'a')).toBe('');
});
