import { UserError } from '../rpc/types.ts';

/** The service refused, or did not answer (`status` 0). Decide by `code`, not by `status`: several codes share one. */
export class HcloudError extends UserError {
  /** HTTP status; 0 when there was no answer, 200 when an action that was accepted failed later. */
  readonly status: number;
  /** The service's own code, such as `not_found`; empty when the answer had none. */
  readonly code: string;
  constructor(status: number, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HcloudError';
    this.status = status;
    this.code = code;
  }
}
