/** Parsed JSON, or undefined for anything else. */
export function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Why a `fetch` got no answer, in words; the reason of Node's "fetch failed" is in its cause. */
export function transport(error: unknown): string {
  if (!(error instanceof Error)) return 'request failed';
  if (error.name === 'TimeoutError') return 'timed out';
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}
