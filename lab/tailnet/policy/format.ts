/**
 * The canonical layout of a HuJSON text, as the service's own formatter gives it: the ETag of a policy is the sha256 of
 * exactly this, and the Acl resource compares texts in this form.
 */
import { createHash } from 'node:crypto';
import { hasComment, hasNewline, layExtra, linesOf, trimBlanks, trimEnd, width, type Lines } from './extra.ts';
import { parseHuJson, type HuNode, type HuValue } from './hujson.ts';

/** A container with more than this on one line is written with one entry per line. */
const LINE_WIDTH = 80;

type Container = Exclude<HuNode, { kind: 'literal' }>;

const children = (node: Container): HuValue[] =>
  node.kind === 'object' ? node.members.flatMap((m) => [m.name, m.value]) : node.elements;

/** Strings in their shortest spelling; nothing between a value and its comma; trailing commas forgotten. */
function normalise(value: HuValue): void {
  const { node } = value;
  if (node.kind === 'literal') {
    // A lone surrogate becomes U+FFFD in Go, which cannot hold one.
    if (node.text.includes('\\')) node.text = JSON.stringify((JSON.parse(node.text) as string).toWellFormed());
    return;
  }
  const all = children(node);
  if (all.length === 0 && !hasComment(node.end)) node.end = '';
  for (const child of all) if (!hasComment(child.after)) child.after = '';
  if (all.at(-1)?.after === '') node.comma = false;
  all.forEach(normalise);
}

/** Decides which containers are written with one entry per line; answers the width of this value. */
function measure(value: HuValue, expanded: Set<HuNode>): Lines {
  const { node } = value;
  if (node.kind === 'literal') return { first: width(node.text), last: width(node.text), multiline: false };
  const lengths: number[] = [];
  let line = 1;
  const add = (lines: Lines): void => {
    line += lines.first;
    if (lines.multiline) {
      lengths.push(line);
      line = lines.last;
    }
  };
  const around = (child: HuValue, separator: number): void => {
    add(linesOf(child.before));
    add(measure(child, expanded));
    add(linesOf(child.after));
    line += separator;
  };
  if (node.kind === 'object') {
    for (const member of node.members) {
      around(member.name, 2);
      around(member.value, 2);
    }
    line += 1;
  } else {
    for (const element of node.elements) around(element, 2);
    line += 1;
  }
  lengths.push(line);
  const entries = node.kind === 'object' ? node.members.map((m) => m.name) : node.elements;
  const expand =
    entries.some((entry) => hasNewline(entry.before)) ||
    hasNewline(children(node).at(-1)?.after ?? '') ||
    hasNewline(node.end) ||
    lengths.some((length) => length > LINE_WIDTH);
  if (!expand) return { first: lengths[0] ?? 0, last: line, multiline: lengths.length > 1 };
  expanded.add(node);
  return { first: 1 + linesOf(entries[0]?.before ?? node.end).first, last: 1, multiline: true };
}

/** Lays out blanks and comments; containers in `expanded` get one entry per line. */
function lay(value: HuValue, depth: number, expanded: Set<HuNode>, standard: boolean): void {
  const { node } = value;
  if (node.kind === 'literal') return;
  const expand = expanded.has(node);
  const inner = { noLeadingEmpty: true, noTrailingEmpty: true };
  const before = (index: number): Parameters<typeof layExtra>[2] => ({
    leadingNewline: expand,
    noLeadingEmpty: index === 0,
    spaceIfEmpty: index !== 0,
  });
  if (node.kind === 'object') {
    for (const [index, { name, value: held }] of node.members.entries()) {
      name.before = layExtra(name.before, depth + 1, before(index));
      name.after = layExtra(name.after, depth + 2, inner);
      held.before = layExtra(held.before, depth + 2, { ...inner, spaceIfEmpty: true });
      const broken = hasNewline(name.after) || hasNewline(held.before);
      lay(held, depth + (expand ? 1 : 0) + (broken ? 1 : 0), expanded, standard);
      held.after = layExtra(held.after, depth + 2, inner);
    }
  } else {
    for (const [index, element] of node.elements.entries()) {
      element.before = layExtra(element.before, depth + 1, before(index));
      lay(element, depth + (expand ? 1 : 0), expanded, standard);
      element.after = layExtra(element.after, depth + 2, inner);
    }
  }
  const last = children(node).at(-1);
  node.end = layExtra(node.end, depth + 1, {
    trailingNewline: expand,
    noLeadingEmpty: last === undefined,
    noTrailingEmpty: true,
    outdent: true,
  });
  if (last === undefined) return;
  if (expand && !standard) node.comma = true;
  else if (!expand && !(last.after !== '' && node.end !== '') && node.comma) {
    node.end = last.after + node.end;
    last.after = '';
    node.comma = false;
  }
}

const spansLines = (value: HuValue): boolean =>
  value.node.kind !== 'literal' &&
  children(value.node).some((child) => hasNewline(child.before) || hasNewline(child.after) || spansLines(child));

/** Values of neighbouring one-line members start in the same column. */
function align(value: HuValue): void {
  const { node } = value;
  if (node.kind === 'literal') return;
  if (node.kind === 'object') {
    let rows: { value: HuValue; width: number }[] = [];
    const flush = (): void => {
      const widest = Math.max(0, ...rows.map((row) => row.width));
      for (const row of rows) row.value.before += ' '.repeat(widest - row.width);
      rows = [];
    };
    for (const { name, value: held } of node.members) {
      const oneLine =
        hasNewline(name.before) && ![name.after, held.before, held.after].some(hasNewline) && !spansLines(held);
      if (!oneLine) {
        flush();
        continue;
      }
      if (name.before.split('\n').length > 2) flush();
      rows.push({ value: held, width: width(print(name.node) + name.after + held.before) + 1 });
    }
    flush();
  }
  children(node).forEach(align);
}

function print(node: HuNode): string {
  if (node.kind === 'literal') return node.text;
  const entries =
    node.kind === 'object'
      ? node.members.map((m) => `${around(m.name)}:${around(m.value)}`)
      : node.elements.map((element) => around(element));
  const [open, close] = node.kind === 'object' ? ['{', '}'] : ['[', ']'];
  return `${open}${entries.join(',')}${node.comma ? ',' : ''}${node.end}${close}`;
}

const around = (value: HuValue): string => value.before + print(value.node) + value.after;

const isStandard = (value: HuValue): boolean =>
  !hasComment(value.before) &&
  !hasComment(value.after) &&
  (value.node.kind === 'literal' ||
    (!value.node.comma && !hasComment(value.node.end) && children(value.node).every(isStandard)));

/** The canonical layout. Standard JSON stays standard; anything else keeps comments and gets trailing commas. Throws HuJsonError. */
export function formatHuJson(text: string): string {
  const value = parseHuJson(text, true);
  value.before = trimBlanks(layExtra(value.before, 0, {}));
  const standard = isStandard(value);
  normalise(value);
  const expanded = new Set<HuNode>();
  measure(value, expanded);
  lay(value, 0, expanded, standard);
  align(value);
  return value.before + print(value.node) + trimEnd(layExtra(value.after, 0, {})) + '\n';
}

/** The service's ETag of a policy text, without quotes: hex sha256 of its canonical layout. Throws HuJsonError. */
export function policyEtag(text: string): string {
  return createHash('sha256').update(formatHuJson(text)).digest('hex');
}
