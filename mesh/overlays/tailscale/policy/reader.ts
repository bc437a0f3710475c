import type { PolicyFault } from './faults.ts';
import { nearest } from './nearest.ts';
import { elementsOf, entriesOf, type Node, type PolicyText } from './text.ts';

/** A place in the text: a node and how its path is told. */
export interface Spot {
  node: Node;
  path: string;
}

/** A name of the author's own, its place, and what stands behind it. */
export interface Entry {
  key: string;
  value: Spot;
  at: Spot;
}

/** A text and where it stands. */
export interface Told {
  text: string;
  spot: Spot;
}

const MOST_FAULTS = 500;

/** There are so many faults that the rest of the text is not looked at. */
export class Enough extends Error {}

/** Reads nodes of a policy as what they should be, and collects what is wrong on the way instead of stopping at the first. */
export class Reader {
  readonly faults: (PolicyFault & { line: number })[] = [];
  readonly unjudged: { path: string; why: string }[] = [];
  readonly text: PolicyText;

  constructor(text: PolicyText) {
    this.text = text;
  }

  /** @throws Enough when there are more than anybody reads */
  fault({ node, path }: Spot, message: string): void {
    this.faults.push({ path, line: this.text.lineAt(node.offset), message });
    if (this.faults.length >= MOST_FAULTS) throw new Enough();
  }

  skip(path: string, why: string): void {
    this.unjudged.push({ path, why });
  }

  /** A mapping with names of the author's own (`groups`, `hosts`): each once. Empty when absent. */
  mapping(spot: Spot | undefined): Entry[] {
    if (spot === undefined) return [];
    if (spot.node.type !== 'object') {
      this.fault(spot, `is ${kindOf(spot.node)}; write a mapping: { … }`);
      return [];
    }
    const seen = new Map<string, number>();
    return entriesOf(spot.node).map(([name, value]) => {
      const key = String(name.value);
      const path = `${spot.path}[${JSON.stringify(key)}]`;
      const at = { node: name, path };
      this.#once(seen, key, at);
      return { key, value: { node: value, path }, at };
    });
  }

  /**
   * The fields of a mapping with names that the service gives, whose letter case does not count. `null` counts as absent.
   * @param known names in their usual letters; `old` → `new` for names that the service took before
   */
  fields(spot: Spot, known: readonly string[], old: Readonly<Record<string, string>> = {}): Fields {
    const found = new Map<string, Spot>();
    const strange: Spot[] = [];
    if (spot.node.type !== 'object') {
      this.fault(spot, `is ${kindOf(spot.node)}; write an object with ${known.slice(0, 3).join(', ')} …`);
      return { found, strange };
    }
    const names = new Map([...known, ...Object.keys(old)].map((name) => [name.toLowerCase(), name]));
    const seen = new Map<string, number>();
    for (const [name, value] of entriesOf(spot.node)) {
      const key = String(name.value);
      const path = spot.path === '' ? key : `${spot.path}.${key}`;
      const field = names.get(key.toLowerCase());
      this.#once(seen, field === undefined ? key : (old[field] ?? field), { node: name, path });
      if (value.type === 'null') continue;
      if (field !== undefined) {
        const meant = old[field] ?? field;
        if (!found.has(meant)) found.set(meant, { node: value, path });
        continue;
      }
      const near = nearest(key, known);
      if (near === undefined) strange.push({ node: value, path });
      else this.fault({ node: name, path }, `is nothing that the service knows: did you mean ${near}?`);
    }
    return { found, strange };
  }

  #once(seen: Map<string, number>, key: string, at: Spot): void {
    const before = seen.get(key);
    const line = this.text.lineAt(at.node.offset);
    if (before === undefined) seen.set(key, line);
    else this.fault(at, `stands twice (before on line ${before}), and one of the two would be lost: merge them`);
  }

  /** Elements of a list, each with the comment that is for it. Empty when absent. */
  list(spot: Spot | undefined): (Spot & { why: string })[] {
    if (spot === undefined) return [];
    if (spot.node.type !== 'array') {
      this.fault(spot, `is ${kindOf(spot.node)}; write a list: [ … ]`);
      return [];
    }
    let from = spot.node.offset;
    return elementsOf(spot.node).map((node, index) => {
      const why = this.text.why(node, from);
      from = node.offset + node.length;
      return { node, path: `${spot.path}[${index}]`, why };
    });
  }

  string(spot: Spot | undefined): string | undefined {
    return this.told(spot)?.text;
  }

  /** As `string`, with its place. */
  told(spot: Spot | undefined): Told | undefined {
    if (spot === undefined) return undefined;
    // `"proto": 6` and `"ip": [443]` are what people write, and plain enough.
    if (spot.node.type === 'string' || spot.node.type === 'number') return { text: String(spot.node.value), spot };
    this.fault(spot, `is ${kindOf(spot.node)}; write a text in quotes`);
    return undefined;
  }

  /** Texts of a list, or of one text, which the service takes for a list of it. */
  strings(spot: Spot | undefined): Told[] {
    if (spot === undefined) return [];
    const spots = spot.node.type === 'string' ? [spot] : this.plainList(spot);
    return spots.flatMap((one) => this.told(one) ?? []);
  }

  /** As `list`, without looking for comments: there may be thousands of names. */
  plainList(spot: Spot): Spot[] {
    if (spot.node.type === 'array')
      return elementsOf(spot.node).map((node, index) => ({ node, path: `${spot.path}[${index}]` }));
    this.fault(spot, `is ${kindOf(spot.node)}; write a list: [ … ]`);
    return [];
  }
}

export interface Fields {
  found: ReadonlyMap<string, Spot>;
  /** What the service may know and this reader does not. */
  strange: readonly Spot[];
}

function kindOf({ type }: Node): string {
  switch (type) {
    case 'object':
      return 'a mapping';
    case 'array':
      return 'a list';
    case 'string':
      return 'a text';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    case 'null':
    case 'property':
      return 'empty';
  }
}
