/** One way that was tried, why it did not work and what it needs. All three are for people. */
export interface Attempt {
  way: string;
  why: string;
  needs: string;
}

export type EngineErrorCode = 'unavailable' | 'interrupted' | 'cache';

/**
 * The engine could not be had. The message is complete and for people; nothing half installed is left.
 * `unavailable`: no way worked (see `attempts`); `interrupted`: a signal or the caller stopped it; `cache`: the cache
 * directory cannot be used.
 */
export class EngineError extends Error {
  readonly code: EngineErrorCode;
  readonly attempts: readonly Attempt[];

  constructor(code: EngineErrorCode, message: string, attempts: readonly Attempt[] = []) {
    super(message);
    this.name = 'EngineError';
    this.code = code;
    this.attempts = attempts;
  }
}

/** This way is not open here. The message says why, in words for people. */
export class Unavailable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Unavailable';
  }
}

/** The message of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** True for a system error of that code, such as `ENOENT`. */
export const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;
