import type { Answer } from './types.ts';

/** Exit codes of docs/host-protocol.md. */
const CODES = {
  usage: 2,
  'check-failed': 3,
  'not-joined': 4,
  'not-staged': 4,
  'not-active': 4,
  busy: 4,
  'wrong-tailnet': 4,
  'same-connection': 4,
  'no-network': 4,
  'command-failed': 5,
} as const;
export type RefusalCode = keyof typeof CODES;

/** Thrown inside a line; becomes the error object and exit code of the protocol. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly extra: Record<string, unknown>;
  constructor(code: RefusalCode, message: string, extra: Record<string, unknown> = {}) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.extra = extra;
  }
}

const json = (value: unknown): string => `${JSON.stringify(value)}\n`;

/** Exit 0 with a JSON answer. */
export const done = (value: unknown): Answer => ({ code: 0, stdout: json(value), stderr: '' });

/** The answer to a refused line. */
export function refused(refusal: Refusal): Answer {
  const error = { code: refusal.code, message: refusal.message, ...refusal.extra };
  return { code: CODES[refusal.code], stdout: json({ error }), stderr: '' };
}

/** What a shell says to a line that is not part of the protocol. */
export const notFound = (word: string): Answer => ({
  code: 127,
  stdout: '',
  stderr: `bash: line 1: ${word}: command not found\n`,
});
