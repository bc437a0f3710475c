import {
  parseTree,
  printParseErrorCode,
  visit,
  type JSONPath,
  type Node,
  type ParseError,
  type ParseErrorCode,
} from 'jsonc-parser';
import { PolicyUnreadable, type PolicyFault } from './faults.ts';

export type { Node } from 'jsonc-parser';

/** Elements of a list, or the properties of an object. */
export const elementsOf = ({ children = [] }: Node): readonly Node[] => children;

/** Names and values of an object: in a text that the parser takes, no name is without a value. */
export const entriesOf = (node: Node): [name: Node, value: Node][] =>
  elementsOf(node).map(({ children }) => children as [Node, Node]);

/** Larger texts are refused before they are read: the service takes far less, and a reader would wait for nothing. */
const LARGEST = 10_000_000;
const MOST_FAULTS = 20;
/** Lists and objects within each other: who reads them calls itself for each, and would fall over the end of the stack. */
const DEEPEST = 100;

/** Messages of the parser, for people. */
const SAYS = {
  InvalidSymbol: 'something that is neither a value nor a name in quotes',
  InvalidNumberFormat: 'a number in a form that JSON does not have',
  PropertyNameExpected: 'a name in double quotes is expected here',
  ValueExpected: 'a value is expected here',
  ColonExpected: 'a colon is expected here',
  CommaExpected: 'a comma is expected here',
  CloseBraceExpected: 'a } is missing',
  CloseBracketExpected: 'a ] is missing',
  EndOfFileExpected: 'something stands after the end of the policy',
  UnexpectedEndOfComment: 'a comment does not end',
  UnexpectedEndOfString: 'a text in quotes does not end on its line',
  UnexpectedEndOfNumber: 'a number ends before its last digit',
  InvalidUnicode: 'a \\u escape is not four hex digits',
  InvalidEscapeCharacter: 'a \\ escape that JSON does not have',
  InvalidCharacter: 'a control character inside a text',
};

/** It has one more, for those who take no comments. */
const said = (error: ParseErrorCode): string => SAYS[printParseErrorCode(error) as keyof typeof SAYS];

/** A HuJSON text (JSON with comments and trailing commas), its tree, its lines and its comments. */
export class PolicyText {
  readonly root: Node;
  readonly #starts: readonly number[];
  /** In the order of the text. */
  readonly #comments: readonly Comment[];
  readonly #commentStarts: readonly number[];

  /** @throws PolicyUnreadable when the text is no HuJSON, is no object, or is too large */
  constructor(text: string) {
    const bytes = Buffer.byteLength(text);
    if (bytes > LARGEST)
      throw new PolicyUnreadable([
        {
          path: '',
          message: `the text has ${(bytes / 1e6).toFixed(1)} MB and more than ${LARGEST / 1e6} MB are not read: is this the policy?`,
        },
      ]);
    this.#starts = lineStarts(text);
    this.#comments = this.#scan(text);
    this.#commentStarts = this.#comments.map(({ start }) => start);
    this.root = this.#parse(text);
  }

  /** Its comments; refuses what is nested too deeply to be read. */
  #scan(text: string): Comment[] {
    const found: Comment[] = [];
    const onComment = (start: number, length: number): void => {
      const told = commentText(text.slice(start, start + length));
      if (told !== '') found.push({ start, end: start + length, text: told });
    };
    const begins = (offset: number, _length: number, _line: number, _column: number, path: () => JSONPath): void => {
      if (path().length < DEEPEST) return;
      const message = 'lists or objects are nested too deeply: a policy has five levels';
      throw new PolicyUnreadable([{ path: '', line: this.lineAt(offset), message }]);
    };
    visit(text, { onComment, onObjectBegin: begins, onArrayBegin: begins });
    return found;
  }

  #parse(text: string): Node {
    const errors: ParseError[] = [];
    const root = parseTree(text, errors, { allowTrailingComma: true });
    const faults = errors.map(({ error, offset }): PolicyFault => ({
      path: '',
      line: this.lineAt(offset),
      message: `not HuJSON: ${said(error)}`,
    }));
    if (faults.length > MOST_FAULTS)
      faults.splice(MOST_FAULTS, faults.length, {
        path: '',
        message: `and ${faults.length - MOST_FAULTS} more of the kind`,
      });
    if (faults.length > 0) throw new PolicyUnreadable(faults);
    if (root?.type !== 'object')
      throw new PolicyUnreadable([{ path: '', line: 1, message: 'a policy is an object: { "grants": [ … ] }' }]);
    return root;
  }

  /** 1-based. */
  lineAt(offset: number): number {
    return upper(this.#starts, offset);
  }

  /** The comment that stands before the node, after `from`, or else behind the node on its last line; one line of text. */
  why(node: Node, from: number): string {
    const line = this.lineAt(node.offset);
    const ofTheFormer = (one: Comment): boolean =>
      this.lineAt(one.start) === this.lineAt(from) && this.lineAt(one.end) !== line;
    const above = this.#between(from, node.offset).filter((one) => !ofTheFormer(one));
    const end = node.offset + node.length;
    const last = this.lineAt(end);
    const found = above.length > 0 ? above : this.#between(end, this.#starts[last]);
    return found.map(({ text }) => text).join(' ');
  }

  /** Comments that start from the one offset on, and before the other. */
  #between(from: number, to = Number.POSITIVE_INFINITY): Comment[] {
    const until = (offset: number): number => upper(this.#commentStarts, offset - 1);
    return this.#comments.slice(until(from), until(to));
  }
}

interface Comment {
  start: number;
  end: number;
  text: string;
}

/** Without its signs, as one line. */
const commentText = (comment: string): string =>
  comment
    .replace(/^\/\*+|\*+\/$|^\/\/+/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\*?/, '').trim())
    .filter((line) => line !== '')
    .join(' ');

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** How many of the ascending numbers are at most `value`. */
function upper(numbers: readonly number[], value: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
