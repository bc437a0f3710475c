/** Exit codes of `mesh`; documented in `mesh --help` and the README. */
export const EXIT = {
  done: 0,
  /** An operation failed: the engine, a cloud or a host said no. */
  failed: 1,
  /** The config or the command line is wrong; nothing was touched. */
  usage: 2,
  /** The Pulumi engine could not be made available. */
  engine: 3,
  /** `mesh access --fail-on-widen`: somebody gains access. */
  widens: 3,
  /** The lab cannot do its work: its port is taken, its directory is in use. */
  lab: 4,
  /** What was looked at is not well, or not well enough for what was asked; or the answer is no. */
  unwell: 5,
  /** Ctrl-C. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends the command with a message for people and a documented code; no stack trace. */
export class CliError extends Error {
  readonly code: ExitCode;
  constructor(code: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CliError';
    this.code = code;
  }
}
