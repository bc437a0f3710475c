/** The operations that run right now. Cancelling hits these and only these: the engine says Cancel after every normal update too. */
export class InFlight {
  readonly #running = new Map<AbortController, Promise<void>>();

  /** Run `body` with a signal of its own; `onCancelled` registers one more source that may abort it. */
  async run<T>(body: (signal: AbortSignal) => Promise<T>, onCancelled?: (abort: () => void) => void): Promise<T> {
    const controller = new AbortController();
    onCancelled?.(() => controller.abort(new Error('the engine gave this operation up')));
    const result = body(controller.signal);
    const settled = result.then(
      () => undefined,
      () => undefined,
    );
    this.#running.set(controller, settled);
    try {
      return await result;
    } finally {
      this.#running.delete(controller);
    }
  }

  get size(): number {
    return this.#running.size;
  }

  abortAll(reason: string): void {
    for (const controller of this.#running.keys()) controller.abort(new Error(reason));
  }

  /** Resolves when nothing runs, or after `milliseconds`, whichever is first. */
  async settled(milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    });
    await Promise.race([Promise.all(this.#running.values()), late]);
    clearTimeout(timer);
  }
}
