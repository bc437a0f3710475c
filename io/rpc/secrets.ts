import type { Value } from './types.ts';
import { Unknown } from './types.ts';

/** Which property paths of one bag are secret. */
export class SecretPaths {
  readonly #paths: Set<string>;

  constructor(paths: Iterable<string> = []) {
    this.#paths = new Set(paths);
  }

  get size(): number {
    return this.#paths.size;
  }

  /** All paths, in the order they were found. */
  list(): string[] {
    return [...this.#paths];
  }

  add(path: string): void {
    this.#paths.add(path);
  }

  has(path: string): boolean {
    return this.#paths.has(path);
  }

  /** A new set with the paths of both. */
  with(more: Iterable<string> | SecretPaths): SecretPaths {
    return new SecretPaths([...this.#paths, ...(more instanceof SecretPaths ? more.#paths : more)]);
  }
}

// Shorter secrets would blank out ordinary words ("root", "true") of every message.
const SHORTEST_REDACTED = 8;
// Lines of a PEM block are 64 to 76 characters; shorter ones are headers and tails that tell nothing.
const SHORTEST_LINE = 16;

/**
 * Blanks secret texts out of messages. It collects every secret that a provider process was ever handed: an error of a
 * library may quote a token that came in with Configure long before.
 */
export class Redactor {
  readonly #texts = new Set<string>();

  /** Remember all texts in a secret value; texts under 8 characters are not remembered. */
  remember(value: Value): void {
    if (typeof value === 'string') {
      this.#rememberText(value);
    } else if (Array.isArray(value)) {
      for (const item of value) this.remember(item);
    } else if (value !== null && typeof value === 'object' && !(value instanceof Unknown)) {
      for (const item of Object.values(value)) this.remember(item);
    }
  }

  #rememberText(text: string): void {
    if (text.length >= SHORTEST_REDACTED) this.#texts.add(text);
    // A private key that went through JSON has its line breaks escaped: its lines are still found one by one.
    const lines = text.split(/\r?\n/);
    if (lines.length < 2) return;
    for (const line of lines) if (line.length >= SHORTEST_LINE && !line.startsWith('-----')) this.#texts.add(line);
  }

  /** The text with every remembered secret replaced by `[secret]`. */
  redact(text: string): string {
    let clean = text;
    // Longest first: a secret that contains another must not be cut in half.
    for (const secret of [...this.#texts].sort((a, b) => b.length - a.length))
      clean = clean.replaceAll(secret, '[secret]');
    return clean;
  }
}
