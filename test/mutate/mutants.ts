import ts from 'typescript';

/** One small change of a source that some test should notice. */
export interface Mutant {
  /** Path from the root of the tree. */
  file: string;
  /** Counted from 1. */
  line: number;
  /** The line as it stands, without indentation: what an explanation finds it by. */
  text: string;
  from: string;
  to: string;
}

/** A change of one node: the mutant, and what stands in the node's place while it is active. */
interface Change {
  node: ts.Node;
  to: string;
}

export interface Instrumented {
  mutants: Mutant[];
  /** The source with all of them in it; `$mutant(n)` says whether the nth, counted on from `first`, is active. */
  code: string;
}

const OTHERS: Partial<Record<ts.SyntaxKind, readonly string[]>> = {
  [ts.SyntaxKind.LessThanToken]: ['<=', '>='],
  [ts.SyntaxKind.LessThanEqualsToken]: ['<', '>'],
  [ts.SyntaxKind.GreaterThanToken]: ['>=', '<='],
  [ts.SyntaxKind.GreaterThanEqualsToken]: ['>', '<'],
  [ts.SyntaxKind.EqualsEqualsEqualsToken]: ['!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken]: ['==='],
  [ts.SyntaxKind.AmpersandAmpersandToken]: ['||'],
  [ts.SyntaxKind.BarBarToken]: ['&&'],
  [ts.SyntaxKind.PlusToken]: ['-'],
  [ts.SyntaxKind.MinusToken]: ['+'],
  [ts.SyntaxKind.AsteriskToken]: ['/'],
};

/** Calls that narrow or order a list: without them the list itself is left. */
const DROPPED = new Set(['filter', 'sort', 'toSorted', 'slice', 'reverse', 'toReversed']);
const SORTS = new Set(['sort', 'toSorted']);
/** `<` and `<=`. */
const sameBut = (a: string, b: string): boolean => a.replace('=', '') === b.replace('=', '');
// Not an object: `toString` is the name of many a call.
const SWAPPED: ReadonlyMap<string, string> = new Map([
  ['some', 'every'],
  ['every', 'some'],
  ['max', 'min'],
  ['min', 'max'],
]);

/**
 * Every mutant of a source: conditions that are always true or false, other comparisons and connectives, other numbers and flags,
 * list elements that are missing, filters and sorts that are left out, `some` for `every`, statements of one call that are left out.
 * Texts are left alone: what a message says is a matter of taste.
 * @param first number of its first mutant
 */
export function instrument(file: string, source: string, first: number): Instrumented {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const lines = source.split('\n');
  const mutants: Mutant[] = [];
  const write = (node: ts.Node): string => {
    const changes = changesOf(node, tree);
    const plain = withChildren(node, source, write, tree);
    if (changes.length === 0) return plain;
    const chosen = changes.map(({ to }) => {
      const { line } = tree.getLineAndCharacterOfPosition(node.getStart(tree));
      const from = node.getText(tree);
      mutants.push({ file, line: line + 1, text: (lines[line] ?? '').trim(), from, to });
      return { id: first + mutants.length - 1, to };
    });
    if (ts.isExpressionStatement(node))
      return chosen.reduce((rest, { id }) => `{ if (!$mutant(${id})) { ${rest} } }`, plain);
    return chosen.reduceRight((rest, { id, to }) => `($mutant(${id}) ? (${to}) : ${rest})`, `(${plain})`);
  };
  const code = write(tree);
  const head = 'const { at: $mutant, tick: $tick } = (globalThis as any).$mutation;\n';
  return { mutants, code: head + code };
}

/** The text of a node with its children written anew. Loops count their rounds, so that one which never ends is noticed. */
function withChildren(node: ts.Node, source: string, write: (node: ts.Node) => string, tree: ts.SourceFile): string {
  const children: ts.Node[] = [];
  node.forEachChild((child) => void children.push(child));
  const from = ts.isSourceFile(node) ? 0 : node.getStart(tree);
  let [at, text] = [from, ''];
  for (const child of children) {
    const start = child.getStart(tree);
    text += source.slice(at, start) + (leftAlone(child, node) ? source.slice(start, child.end) : write(child));
    at = child.end;
  }
  text += source.slice(at, node.end);
  return isLoopBody(node) ? `{ $tick(); ${text} }` : text;
}

const isLoopBody = (node: ts.Node): boolean =>
  !ts.isSourceFile(node) && ts.isIterationStatement(node.parent, false) && node.parent.statement === node;

/** Types, names and imports are no code that runs. */
const leftAlone = (node: ts.Node, parent: ts.Node): boolean =>
  ts.isTypeNode(node) ||
  ts.isImportDeclaration(node) ||
  ts.isExportDeclaration(node) ||
  ts.isInterfaceDeclaration(node) ||
  ts.isTypeAliasDeclaration(node) ||
  ts.isBindingName(node) ||
  ts.isTypeParameterDeclaration(node) ||
  ((ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isPropertyDeclaration(parent)) &&
    parent.name === node);

function changesOf(node: ts.Node, tree: ts.SourceFile): Change[] {
  const of = (...tos: string[]): Change[] => tos.map((to) => ({ node, to }));
  const text = (one: ts.Node): string => one.getText(tree);
  if (ts.isExpressionStatement(node)) return ts.isCallExpression(node.expression) ? of('(left out)') : [];
  if (!ts.isExpression(node) || isTarget(node) || isInChain(node)) return [];
  const found: Change[] = [];
  if (isCondition(node)) found.push(...of('true', 'false'));
  if (ts.isBinaryExpression(node)) {
    const { left, operatorToken, right } = node;
    // Texts are joined by it, too: a difference of texts says nothing about a sum.
    const joins =
      operatorToken.kind === ts.SyntaxKind.PlusToken &&
      [left, right].some((one) => ts.isStringLiteralLike(one) || ts.isTemplateExpression(one));
    const others = (OTHERS[operatorToken.kind] ?? []).filter(
      (other) => !(orders(node) && sameBut(other, text(operatorToken))),
    );
    if (!joins) for (const other of others) found.push(...of(`${text(left)} ${other} ${text(right)}`));
    if (operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) found.push(...of(text(left)));
  }
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken && !isCondition(node))
    found.push(...of(text(node.operand)));
  if (node.kind === ts.SyntaxKind.TrueKeyword) found.push(...of('false'));
  if (node.kind === ts.SyntaxKind.FalseKeyword) found.push(...of('true'));
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken)
    found.push(...of(text(node.operand)));
  if (ts.isNumericLiteral(node) && !ts.isPrefixUnaryExpression(node.parent) && !orders(node))
    found.push(...of(`${text(node)} + 1`));
  if (ts.isBigIntLiteral(node)) found.push(...of(`${text(node)} + 1n`));
  if (ts.isArrayLiteralExpression(node))
    for (const gone of node.elements)
      found.push(
        ...of(
          `[${node.elements
            .filter((one) => one !== gone)
            .map(text)
            .join(', ')}]`,
        ),
      );
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    const { expression: list, name } = node.expression;
    if (DROPPED.has(name.text)) found.push(...of(text(list)));
    const other = SWAPPED.get(name.text);
    if (other !== undefined) found.push(...of(`${text(list)}.${other}(${node.arguments.map(text).join(', ')})`));
  }
  return found;
}

/**
 * Whether it stands in what a list is ordered by, directly: only the sign of its answer counts there, and equals keep their places, so
 * another number or `<=` for `<` is no change.
 */
function orders(node: ts.Node): boolean {
  for (let one = node.parent; !ts.isSourceFile(one); one = one.parent) {
    if (ts.isBlock(one)) return false;
    if (ts.isArrowFunction(one)) {
      const { parent } = one;
      return (
        ts.isCallExpression(parent) &&
        ts.isPropertyAccessExpression(parent.expression) &&
        SORTS.has(parent.expression.name.text)
      );
    }
  }
  return false;
}

/** What an `if`, a `?`, a loop or an arrow of one comparison decides by. */
function isCondition(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isIfStatement(parent) || ts.isWhileStatement(parent) || ts.isDoStatement(parent))
    return parent.expression === node;
  if (ts.isConditionalExpression(parent)) return parent.condition === node;
  if (ts.isForStatement(parent)) return parent.condition === node;
  return ts.isBinaryExpression(parent) && isLogical(parent) && !ts.isBinaryExpression(node);
}

const isLogical = ({ operatorToken: { kind } }: ts.BinaryExpression): boolean =>
  kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken;

/** Left of an assignment: no value. */
const isTarget = (node: ts.Node): boolean =>
  ts.isBinaryExpression(node.parent) &&
  node.parent.left === node &&
  node.parent.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
  node.parent.operatorToken.kind <= ts.SyntaxKind.LastAssignment;

/** `a?.b(c)`: parentheses in the middle would change what the rest is asked of. */
const isInChain = (node: ts.Node): boolean =>
  ts.isOptionalChain(node) || (ts.isOptionalChain(node.parent) && node.parent.expression === node);
