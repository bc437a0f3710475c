import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** A refusal of the API. Clients decide by `code`; the status is what the service documents for it. */
export class ApiError extends Error {
  readonly status: ContentfulStatusCode;
  readonly code: string;
  readonly details: unknown;
  constructor(status: ContentfulStatusCode, code: string, message: string, details: unknown = null) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

export function notFound(kind: string, id: string | number): ApiError {
  return new ApiError(404, 'not_found', `${kind} with ID '${id}' not found`);
}

/** `invalid_input` with the fields that clients print. */
export function invalidInput(field: string, ...messages: string[]): ApiError {
  return invalidFields([{ name: field, messages }]);
}

export function invalidFields(fields: { name: string; messages: string[] }[]): ApiError {
  const names = fields.map((field) => `'${field.name}'`).join(', ');
  return new ApiError(422, 'invalid_input', `invalid input in field${fields.length > 1 ? 's' : ''} ${names}`, {
    fields,
  });
}

export function notUnique(field: string, message: string): ApiError {
  return new ApiError(409, 'uniqueness_error', message, { fields: [{ name: field }] });
}

export function isProtected(kind: string): ApiError {
  return new ApiError(423, 'protected', `${kind} is delete protected`);
}

export function limitExceeded(kind: string, limit: number): ApiError {
  return new ApiError(403, 'resource_limit_exceeded', `${kind} limit exceeded`, {
    limits: [{ name: `${kind}_limit`, limit }],
  });
}
