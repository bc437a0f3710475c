/**
 * Widths of letters, in thousandths of the font size, rounded up from DejaVu Sans: the widest of the fonts that a browser, a
 * review page or a command-line renderer may pick. Where a narrower one is at hand, boxes are a little roomier.
 */
const WIDTHS: readonly (readonly [letters: string, width: number])[] = [
  ["'IJijl", 300],
  [' ,./:;\\|', 345],
  ['-f!()[]rt', 420],
  ['"*_`?szFLck', 580],
  ['PTYaeovxy', 620],
  ['ABCRVXZ', 700],
  ['DGHNU', 780],
  ['&OQw#+<=>^~M', 870],
  ['%m@W', 1000],
];
const WIDTH = new Map(
  WIDTHS.flatMap(([letters, width]) => Array.from(letters).map((letter) => [letter, width] as const)),
);
/** Other printable ASCII; everything beyond may be as wide as it is high. */
const ASCII = 690;
const BEYOND = 1000;
const BOLD = 1.14;

export function widthOf(text: string, size: number, weight: 'normal' | 'bold' = 'normal'): number {
  const sum = Array.from(text).reduce(
    (all, letter) => all + (WIDTH.get(letter) ?? (letter <= '~' ? ASCII : BEYOND)),
    0,
  );
  return (sum / 1000) * size * (weight === 'bold' ? BOLD : 1);
}

/** Words in lines no wider than asked for; a word that is wider has a line of its own. */
export function wrapped(words: readonly string[], size: number, width: number): string[] {
  return words.reduce<string[]>((lines, word) => {
    const last = lines.at(-1);
    const longer = `${last ?? ''} ${word}`;
    if (last === undefined || widthOf(longer, size) > width) return [...lines, word];
    return [...lines.slice(0, -1), longer];
  }, []);
}
