import { dim, green, red } from './style.ts';

/** Lines around a change that stay visible. */
const CONTEXT = 3;

type Edit = { kind: ' ' | '-' | '+'; line: string };

/** What makes one text of the other, as `diff -u` shows it, without file names; empty when they are equal. */
export function renderLineDiff(before: string, after: string): string {
  const edits = lineDiff(before, after);
  const near = edits.map((_, at) =>
    edits.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some(({ kind }) => kind !== ' '),
  );
  const lines = edits.flatMap(({ kind, line }, at) => {
    if (near[at] !== true) return near[at - 1] === true || at === 0 ? [dim('  …')] : [];
    const text = `${kind} ${line}`;
    if (kind === ' ') return [text];
    return [kind === '-' ? red(text) : green(text)];
  });
  return edits.every(({ kind }) => kind === ' ') ? '' : lines.join('\n');
}

/** The shortest row of edits: greedy (Myers, 1986), so its cost grows with what differs, not with the texts. */
export function lineDiff(before: string, after: string): Edit[] {
  const [a, b] = [linesOf(before), linesOf(after)];
  /** Per diagonal the furthest line of `a` that some row of edits reaches. */
  let reached = new Map<number, number>([[1, 0]]);
  const trail: Map<number, number>[] = [];
  for (let edits = 0; edits <= a.length + b.length; edits += 1) {
    trail.push(reached);
    const next = new Map(reached);
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let x = startOf(reached, diagonal, edits);
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x += 1;
      next.set(diagonal, x);
      if (x >= a.length && x - diagonal >= b.length) return wayBack(trail, a, b);
    }
    reached = next;
  }
  return [];
}

const isDown = (reached: ReadonlyMap<number, number>, diagonal: number, edits: number): boolean =>
  diagonal === -edits || (diagonal !== edits && (reached.get(diagonal - 1) ?? -1) < (reached.get(diagonal + 1) ?? -1));

const startOf = (reached: ReadonlyMap<number, number>, diagonal: number, edits: number): number =>
  isDown(reached, diagonal, edits) ? (reached.get(diagonal + 1) ?? 0) : (reached.get(diagonal - 1) ?? 0) + 1;

function wayBack(trail: readonly ReadonlyMap<number, number>[], a: readonly string[], b: readonly string[]): Edit[] {
  const found: Edit[] = [];
  let [x, y] = [a.length, b.length];
  for (const [edits, reached] of [...trail.entries()].reverse()) {
    const diagonal = x - y;
    const down = isDown(reached, diagonal, edits);
    const from = down ? diagonal + 1 : diagonal - 1;
    for (const start = startOf(reached, diagonal, edits); x > start; x -= 1, y -= 1)
      found.push({ kind: ' ', line: a[x - 1] ?? '' });
    if (edits === 0) break;
    found.push(down ? { kind: '+', line: b[y - 1] ?? '' } : { kind: '-', line: a[x - 1] ?? '' });
    x = reached.get(from) ?? 0;
    y = x - from;
  }
  return found.reverse();
}

const linesOf = (text: string): string[] => text.replaceAll('\r\n', '\n').replace(/\n$/, '').split('\n');
