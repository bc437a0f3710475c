import { bold, dim, green, red } from '../render/style.ts';

/** What the demo prints: plain lines that scroll, each step with a title, a reason and what was seen. */
export class Say {
  readonly #steps: number;
  readonly #began = performance.now();
  #step = 0;

  constructor(steps: number) {
    this.#steps = steps;
  }

  /** Seconds since the start. */
  get seconds(): number {
    return (performance.now() - this.#began) / 1000;
  }

  step(title: string, ...why: string[]): void {
    this.#step += 1;
    const at = dim(`${this.seconds.toFixed(0)} s`);
    this.lines(
      '',
      `${bold(`${this.#step}/${this.#steps}  ${title}`)}  ${at}`,
      ...why.map((line) => dim(`     ${line}`)),
    );
  }

  /** Something that is being done now. */
  does(line: string): void {
    this.lines(`   · ${line}`);
  }

  good(line: string): void {
    this.lines(`   ${green('✓')} ${line}`);
  }

  /** What must be seen to fail, and did. */
  bad(line: string): void {
    this.lines(`   ${red('✗')} ${line}`);
  }

  block(text: string): void {
    this.lines(text.replaceAll(/^(?=.)/gm, '   '));
  }

  lines(...lines: string[]): void {
    process.stdout.write(`${lines.join('\n')}\n`);
  }
}
