/** Makes one thing for each key, when it is asked for first. */
export class Once<K, V> {
  readonly #made = new Map<K, V>();

  of(key: K, make: (key: K) => V): V {
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const made = make(key);
    this.#made.set(key, made);
    return made;
  }

  get size(): number {
    return this.#made.size;
  }

  /** All that were made, in the order in which they were asked for first. */
  all(): V[] {
    return [...this.#made.values()];
  }
}
