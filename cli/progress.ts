/** Says what is going on, a line at a time. */
export type Progress = (line: string) => void;

/** Milliseconds after which a line that only counts on is said again, so that nobody wonders whether it hangs. */
const REPEAT = 10_000;

/** Progress on stderr, so that stdout stays the answer. A line that differs from the last in numbers only waits its turn. */
export function stderrProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  let words = '';
  let said = 0;
  return (line) => {
    const now = line.replaceAll(/\d+/g, '#');
    if (now === words && Date.now() - said < REPEAT) return;
    words = now;
    said = Date.now();
    stream.write(`  ${line}\n`);
  };
}
