import * as sdk from '@pulumi/policy';

/** The SDK has it, and leaves its type out. */
const { UnknownValueError } = sdk as unknown as { UnknownValueError: new (kind: string, path: string[]) => Error };

/** What the SDK throws when a guardrail reads a value that a preview does not know yet, and what it makes an advisory of. */
export const isUnknown = (error: unknown): error is Error => error instanceof UnknownValueError;

/**
 * What may be read although parts of it are not known before the clouds were asked. What is known is judged in any case;
 * what is not known ends as the advisory "can't be known during preview", and is judged by the up.
 */
export class Known {
  #unknown: Error | undefined;

  /** What `read` answers; undefined when it came upon a value that is not known yet. */
  read<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!isUnknown(error)) throw error;
      this.#unknown ??= error;
      return undefined;
    }
  }

  /** @throws what makes the SDK's advisory, when anything was not known */
  settle(): void {
    if (this.#unknown !== undefined) throw this.#unknown;
  }
}
