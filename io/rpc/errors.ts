import { inspect } from 'node:util';
import type { ServiceError } from '@grpc/grpc-js';
import { Metadata, status } from '@grpc/grpc-js';
import providerPb from '@pulumi/pulumi/proto/provider_pb.js';
import statusPb from '@pulumi/pulumi/proto/status_pb.js';
import type { Struct } from 'google-protobuf/google/protobuf/struct_pb.js';
import anyPb from 'google-protobuf/google/protobuf/any_pb.js';
import type { Redactor } from './secrets.ts';
import { UserError } from './types.ts';

/** A gRPC failure with its code, as grpc-js wants to be handed one. */
export function serviceError(code: status, details: string, metadata = new Metadata()): ServiceError {
  return Object.assign(new Error(details), { code, details, metadata });
}

/** An error that already knows how it wants to be told to the engine. */
function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'metadata' in error;
}

/**
 * How the engine is told of a throw. A UserError is its message and a well-understood failure; after an abort the
 * message too, for what the abort interrupted is no news; anything else is a bug and keeps its stack and its causes.
 */
export function toServiceError(error: unknown, redactor: Redactor, signal?: AbortSignal): ServiceError {
  if (isServiceError(error)) return error;
  if (error instanceof UserError) return serviceError(status.FAILED_PRECONDITION, redactor.redact(error.message));
  if (signal?.aborted === true) {
    const message = error instanceof Error ? error.message : inspect(error);
    return serviceError(status.CANCELLED, redactor.redact(`cancelled: ${message}`));
  }
  return serviceError(status.UNKNOWN, redactor.redact(inspect(error)));
}

/**
 * The failure that makes the engine keep what exists: it records id and outputs, shows the reasons and updates the
 * resource next time. The engine finds the detail by its type in the standard trailer (google.rpc.Status).
 */
export function initFailed(failure: {
  id: string;
  properties: Struct;
  inputs: Struct | undefined;
  reasons: string[];
}): ServiceError {
  const detail = new providerPb.ErrorResourceInitFailed()
    .setId(failure.id)
    .setProperties(failure.properties)
    .setReasonsList(failure.reasons);
  if (failure.inputs !== undefined) detail.setInputs(failure.inputs);
  const any = new anyPb.Any();
  any.pack(detail.serializeBinary(), 'pulumirpc.ErrorResourceInitFailed');
  const message = failure.reasons.join('; ');
  const answer = new statusPb.Status().setCode(status.UNKNOWN).setMessage(message).setDetailsList([any]);
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(answer.serializeBinary()));
  return serviceError(status.UNKNOWN, message, metadata);
}
