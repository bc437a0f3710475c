import type { ServerUnaryCall } from '@grpc/grpc-js';
import { Engine } from './engine.ts';
import { InFlight } from './in-flight.ts';
import { Redactor } from './secrets.ts';
import type { Operation } from './types.ts';
import { parseUrn } from './urn.ts';

/** What all calls of one provider process share: the engine, the secrets seen, and what runs now. */
export class Session {
  readonly redactor = new Redactor();
  readonly inFlight = new InFlight();
  #engine: Engine | undefined;
  #onGone: (() => void) | undefined;

  constructor(engineAddress?: string) {
    if (engineAddress !== undefined) this.attach(engineAddress);
  }

  get engine(): Engine | undefined {
    return this.#engine;
  }

  /** Talk to this engine from now on. Handshake repeats the address of the command line; that changes nothing. */
  attach(address: string): void {
    if (address === '' || this.#engine?.address === address) return;
    this.#engine?.close();
    this.#engine = new Engine(address);
    if (this.#onGone !== undefined) this.#engine.onGone(this.#onGone);
  }

  /** `callback` runs when the engine of this session is gone. */
  onEngineGone(callback: () => void): void {
    this.#onGone = callback;
    this.#engine?.onGone(callback);
  }

  close(): void {
    this.#engine?.close();
  }

  /** Run one resource operation; its log lines are with the engine before the answer is. */
  async operate<Q, A, T>(
    call: ServerUnaryCall<Q, A>,
    about: { urn: string; timeout?: number },
    body: (op: Operation) => Promise<T>,
  ): Promise<T> {
    return this.inFlight.run(
      async (signal) => {
        try {
          return await body(this.#operation(about, signal));
        } finally {
          await this.#engine?.flush();
        }
      },
      (abort) => call.on('cancelled', abort),
    );
  }

  #operation(about: { urn: string; timeout?: number }, signal: AbortSignal): Operation {
    const { urn, timeout } = about;
    return {
      urn,
      name: parseUrn(urn).name,
      signal,
      log: (severity, message) => this.#engine?.log({ severity, urn, message: this.redactor.redact(message) }),
      status: (message) =>
        this.#engine?.log({ severity: 'info', urn, ephemeral: true, message: this.redactor.redact(message) }),
      // Protobuf has no "absent" for this field: zero is what the engine sends for a program that gave none.
      ...(timeout === undefined || timeout === 0 ? {} : { timeout }),
    };
  }
}
