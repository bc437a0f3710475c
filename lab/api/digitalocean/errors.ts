import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** A refusal of the API. Clients decide by the status alone; `id` and `message` are what people see. */
export class ApiError extends Error {
  readonly status: ContentfulStatusCode;
  readonly id: string;
  constructor(status: ContentfulStatusCode, id: string, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.id = id;
  }
}

export function notFound(): ApiError {
  return new ApiError(404, 'not_found', 'The resource you requested could not be found.');
}

export function unprocessable(message: string): ApiError {
  return new ApiError(422, 'unprocessable_entity', message);
}

export function conflict(message: string): ApiError {
  return new ApiError(409, 'conflict', message);
}

export function forbidden(message: string): ApiError {
  return new ApiError(403, 'forbidden', message);
}

export function preconditionFailed(message: string): ApiError {
  return new ApiError(412, 'precondition_failed', message);
}
