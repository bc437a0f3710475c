import { random } from '../random.ts';

/** Choices that are the same again for the same seed. */
export class Random {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = random(seed);
  }

  /** From 0 up to and without `below`. */
  below(below: number): number {
    return Math.floor(this.#next() * below);
  }

  /** @throws Error when there is nothing to choose from */
  one<T>(all: readonly T[]): T {
    const [chosen] = all.slice(this.below(all.length));
    if (chosen === undefined) throw new Error('there is nothing to choose from');
    return chosen;
  }

  /** The first `count` of them in some order. */
  some<T>(all: readonly T[], count: number): T[] {
    const rest = [...all];
    return Array.from({ length: Math.min(count, all.length) }, () => rest.splice(this.below(rest.length), 1)).flat();
  }
}

/** A seed for this run; `ORACLE_SEED` repeats a former one. */
export const seedOfThisRun = (): number => Number(process.env.ORACLE_SEED ?? Date.now() % 1_000_000_007);
