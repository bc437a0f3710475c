import type { handleUnaryCall, ServerUnaryCall } from '@grpc/grpc-js';
import { toServiceError } from './errors.ts';
import type { Redactor } from './secrets.ts';

/** A gRPC handler from a function that returns a promise; whatever it throws becomes a gRPC failure. */
export function unary<Q, A>(
  redactor: Redactor,
  body: (request: Q, call: ServerUnaryCall<Q, A>) => Promise<A> | A,
): handleUnaryCall<Q, A> {
  return (call, callback) => {
    Promise.resolve()
      .then(() => body(call.request, call))
      .then(
        (answer) => callback(null, answer),
        (error: unknown) => callback(toServiceError(error, redactor)),
      );
  };
}
