/**
 * HuJSON: JSON with comments and trailing commas, the language of tailnet policies. The tree keeps every blank and
 * comment, because the service's ETag is a hash over the *formatted* text, comments included.
 */

/** A value with what stands around it: `before`, `after` and a container's `end` hold blanks and comments only. */
export interface HuValue {
  before: string;
  node: HuNode;
  after: string;
  /** Offset of the value itself in the source, in UTF-16 units. */
  offset: number;
}
export type HuNode =
  | { kind: 'literal'; text: string }
  | { kind: 'object'; members: HuMember[]; end: string; comma: boolean }
  | { kind: 'array'; elements: HuValue[]; end: string; comma: boolean };
export interface HuMember {
  name: HuValue;
  value: HuValue;
}

/** The text is not HuJSON; `line` and `column` start at 1. */
export class HuJsonError extends Error {
  readonly line: number;
  readonly column: number;
  constructor(text: string, offset: number, problem: string) {
    const lines = text.slice(0, offset).split('\n');
    const line = lines.length;
    const column = (lines.at(-1) ?? '').length + 1;
    super(`line ${line}, column ${column}: ${problem}`);
    this.name = 'HuJsonError';
    this.line = line;
    this.column = column;
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// Control characters end a string in JSON; the class must name them to refuse them.

const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORD = /true|false|null/y;

class Reader {
  readonly text: string;
  readonly duplicates: boolean;
  at = 0;
  constructor(text: string, duplicates: boolean) {
    this.text = text;
    this.duplicates = duplicates;
  }

  fail(problem: string, offset = this.at): never {
    throw new HuJsonError(this.text, offset, problem);
  }

  /** Blanks and comments up to the next token. */
  extra(): string {
    const start = this.at;
    for (;;) {
      const char = this.text[this.at];
      if (char === ' ' || char === '\t' || char === '\n' || char === '\r') {
        this.at++;
      } else if (this.text.startsWith('//', this.at)) {
        const newline = this.text.indexOf('\n', this.at);
        // A line comment needs its newline: without one it would swallow what is appended later.
        if (newline < 0) this.fail('a // comment without a newline at its end');
        this.at = newline + 1;
      } else if (this.text.startsWith('/*', this.at)) {
        const end = this.text.indexOf('*/', this.at + 2);
        if (end < 0) this.fail('a /* comment without its end');
        this.at = end + 2;
      } else {
        return this.text.slice(start, this.at);
      }
    }
  }

  value(): HuValue {
    const before = this.extra();
    const offset = this.at;
    const node = this.node();
    return { before, node, after: this.extra(), offset };
  }

  private node(): HuNode {
    const char = this.text[this.at];
    if (char === '{') return this.object();
    if (char === '[') return this.array();
    for (const pattern of [STRING, NUMBER, WORD]) {
      pattern.lastIndex = this.at;
      const match = pattern.exec(this.text)?.[0];
      if (match !== undefined) {
        this.at += match.length;
        return { kind: 'literal', text: match };
      }
    }
    return this.fail(
      char === undefined ? 'the text ends where a value must stand' : `no value starts with ${JSON.stringify(char)}`,
    );
  }

  /** Consumes one of the characters or fails. */
  private expect(wanted: string): string {
    const char = this.text[this.at];
    if (char === undefined || !wanted.includes(char)) {
      return this.fail(
        `${char === undefined ? 'the text ends' : JSON.stringify(char)} where one of ${Array.from(wanted).join(' ')} must stand`,
      );
    }
    this.at++;
    return char;
  }

  private object(): HuNode {
    this.at++;
    const members: HuMember[] = [];
    const seen = new Set<string>();
    let comma = false;
    for (;;) {
      const rewind = this.at;
      const end = this.extra();
      if (this.text[this.at] === '}' && (members.length === 0 || comma)) {
        this.at++;
        return { kind: 'object', members, end, comma };
      }
      this.at = rewind;
      const name = this.value();
      if (name.node.kind !== 'literal' || !name.node.text.startsWith('"'))
        this.fail('a member name must be a string', name.offset);
      const key = JSON.parse(name.node.text) as string;
      // Go's decoder keeps the last of two, a reader sees the first: the service refuses both.
      if (seen.has(key) && !this.duplicates)
        this.fail(`duplicate object member name ${JSON.stringify(key)}`, name.offset);
      seen.add(key);
      this.expect(':');
      const value = this.value();
      members.push({ name, value });
      comma = this.expect(',}') === ',';
      if (!comma) return { kind: 'object', members, end: takeAfter(value), comma };
    }
  }

  private array(): HuNode {
    this.at++;
    const elements: HuValue[] = [];
    let comma = false;
    for (;;) {
      const rewind = this.at;
      const end = this.extra();
      if (this.text[this.at] === ']' && (elements.length === 0 || comma)) {
        this.at++;
        return { kind: 'array', elements, end, comma };
      }
      this.at = rewind;
      const value = this.value();
      elements.push(value);
      comma = this.expect(',]') === ',';
      if (!comma) return { kind: 'array', elements, end: takeAfter(value), comma };
    }
  }
}

/** Without a trailing comma, what follows the last value belongs to the end of its container. */
function takeAfter(value: HuValue): string {
  const { after } = value;
  value.after = '';
  return after;
}

/**
 * Parses a whole text. Throws HuJsonError with line and column, also for a member name that stands twice unless
 * `duplicates` is true (the formatter does not mind them; the service does).
 */
export function parseHuJson(text: string, duplicates = false): HuValue {
  const reader = new Reader(text, duplicates);
  const value = reader.value();
  if (reader.at < text.length) reader.fail(`${JSON.stringify(text[reader.at])} after the end of the value`);
  return value;
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The plain data of a tree, comments dropped. */
export function toData(value: HuValue): Json {
  const { node } = value;
  switch (node.kind) {
    case 'literal':
      return JSON.parse(node.text) as Json;
    case 'array':
      return node.elements.map(toData);
    case 'object':
      // fromEntries defines own properties, so a member called __proto__ stays data.
      return Object.fromEntries(
        node.members.map((m) => [JSON.parse((m.name.node as { text: string }).text) as string, toData(m.value)]),
      );
  }
}
