/** Where everything is to stop: at the `nth` change from now. */
export interface Hold {
  nth: number;
  /** Counted are the changes that this is part of, such as `POST /v1/servers`; all without it. */
  of?: string | undefined;
  /** `answer`: the change is made, and its answer waits until the hold is released. `after`: it is answered, and only told. */
  before: 'answer' | 'nothing';
}

/**
 * Counts what changes something, API requests and lines on hosts alike, so that whoever wants to see a run cut off can do
 * it at one certain point. Lives in memory: a lab that was killed holds nothing when it comes back.
 */
export class Holds {
  readonly #log: (entry: object) => void;
  #left = 0;
  #of = '';
  #before: Hold['before'] = 'nothing';
  #wait: Promise<void> | undefined;
  #release: () => void = () => undefined;

  constructor(log: (entry: object) => void) {
    this.#log = log;
  }

  arm({ nth, of, before }: Hold): void {
    this.release();
    this.#of = of ?? '';
    this.#left = nth;
    this.#before = before;
  }

  release(): void {
    this.#left = 0;
    this.#release();
    this.#wait = undefined;
  }

  /** To be called after a change and before its answer; a promise when the answer has to wait. */
  changed(what: string): Promise<void> | undefined {
    this.#log({ time: new Date().toISOString(), event: 'change', what });
    if (this.#left === 0 || !what.includes(this.#of)) return undefined;
    this.#left -= 1;
    if (this.#left > 0) return undefined;
    if (this.#before === 'answer') this.#wait = new Promise((resolve) => (this.#release = resolve));
    this.#log({ time: new Date().toISOString(), event: 'held', what });
    return this.#wait;
  }
}

/** Requests that ask for a change; getting a token and having a policy checked are none. */
export function asksForChange(method: string, path: string): boolean {
  if (method === 'GET' || method === 'HEAD' || path.startsWith('/lab/')) return false;
  return !path.endsWith('/oauth/token') && !path.endsWith('/acl/validate');
}
