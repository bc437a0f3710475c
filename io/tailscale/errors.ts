import { UserError } from '../rpc/types.ts';

/** The service refused, or did not answer (`status` 0). `message` says what was asked and what came back. */
export class TailscaleError extends UserError {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** The service's own `data`, for policy errors a list of faults per rule or test. */
  readonly data: unknown;
  constructor(status: number, message: string, data?: unknown, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TailscaleError';
    this.status = status;
    this.data = data;
  }
}
