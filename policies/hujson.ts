// HuJSON (JSON with comments and trailing commas) read as the service reads it: the letter case of keys does not count,
// and a key may stand twice. A guardrail must see every occurrence, whichever one the service takes.
import { type Node, type ParseError, parseTree } from 'jsonc-parser';

/** The text cannot be judged. The message names a line or a key, never a value: a policy may hold what is secret. */
export class Unreadable extends Error {}

/** @throws Unreadable */
export function parse(text: string): Node {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error !== undefined || root?.type !== 'object') {
    const line = text.slice(0, error?.offset ?? 0).split('\n').length;
    throw new Unreadable(error === undefined ? 'is not an object' : `is not valid HuJSON (line ${line})`);
  }
  return root;
}

/** Keys and values of an object, keys in lower case. @throws Unreadable when it is something else */
export function entries(node: Node, what: string): { key: string; value: Node }[] {
  if (node.type !== 'object') throw new Unreadable(`has something else than an object in ${what}`);
  return (node.children ?? []).flatMap(({ children: [key, value] = [] }) =>
    key !== undefined && value !== undefined ? [{ key: String(key.value), value }] : [],
  );
}

/** The values of every occurrence of one of these keys; `null` counts as absent, as it does for the service. */
export function fields(node: Node, what: string, ...keys: string[]): Node[] {
  const wanted = new Set(keys.map((key) => key.toLowerCase()));
  return entries(node, what)
    .filter(({ key, value }) => wanted.has(key.toLowerCase()) && value.type !== 'null')
    .map(({ value }) => value);
}

/** The elements of lists. @throws Unreadable when one is something else */
export function elements(nodes: readonly Node[], what: string): Node[] {
  return nodes.flatMap((node) => {
    if (node.type !== 'array') throw new Unreadable(`has something else than a list in ${what}`);
    return node.children ?? [];
  });
}

/** The strings in lists of strings. @throws Unreadable when something else is in them */
export function strings(nodes: readonly Node[], what: string): string[] {
  return elements(nodes, what).map((node) => text(node, what));
}

/** A string. @throws Unreadable when it is something else */
export function text(node: Node, what: string): string {
  if (typeof node.value !== 'string') throw new Unreadable(`has something else than text in ${what}`);
  return node.value;
}
