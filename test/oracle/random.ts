/** Numbers that are the same again for the same seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** From 0 up to and without `below`. */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
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
