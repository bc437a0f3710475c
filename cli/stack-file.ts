import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument, type Document } from 'yaml';
import { isRecord } from '../mesh/config/stack-text.ts';
import { closest } from '../mesh/config/suggest.ts';
import { CliError, EXIT } from './exit.ts';
import { TREE } from './paths.ts';

/** A stack file as Pulumi reads it: config key → value, secrets still as `{secure: …}`. */
export interface StackFile {
  stack: string;
  path: string;
  config: Record<string, unknown>;
  encryptionsalt?: string;
}

/** Stacks that have a file in the tree, sorted. */
export function knownStacks(tree: string = TREE): string[] {
  return readdirSync(tree)
    .map((file) => /^Pulumi\.([A-Za-z0-9_.-]+)\.yaml$/.exec(file)?.[1])
    .filter((name): name is string => name !== undefined)
    .sort();
}

/** Reads `Pulumi.<stack>.yaml`. Throws CliError (usage) with line and column when it is absent or not YAML. */
export function readStackFile(stack: string, tree: string = TREE): StackFile {
  const known = knownStacks(tree);
  const path = join(tree, `Pulumi.${stack}.yaml`);
  if (!known.includes(stack)) {
    throw new CliError(
      EXIT.usage,
      `stack "${stack}" is not known: there is no Pulumi.${stack}.yaml. Known here: ${known.join(', ') || 'none'}`,
    );
  }
  return parseStackFile(stack, path, readFileSync(path, 'utf8'), `Pulumi.${stack}.yaml`);
}

/** The same of a text that may come from elsewhere; `told` is what messages call it. */
export function parseStackFile(stack: string, path: string, text: string, told: string): StackFile {
  const document = parseDocument(text, { prettyErrors: true });
  if (document.errors.length > 0)
    throw notYaml(
      told,
      document.errors.map((error) => error.message),
    );
  const content = plainContent(document, told);
  const config = isRecord(content) && isRecord(content.config) ? content.config : undefined;
  if (config === undefined)
    throw new CliError(
      EXIT.usage,
      `${told} has no "config:" section${configHint(content)}; see README, "What you write"`,
    );
  const salt = isRecord(content) ? content.encryptionsalt : undefined;
  return { stack, path, config, ...(typeof salt === 'string' ? { encryptionsalt: salt } : {}) };
}

/** One slip makes every later line look wrong to the parser: a quote left out gave 900 lines. The first ones are where it is. */
const SHOWN = 2;

function notYaml(told: string, messages: readonly string[]): CliError {
  const more = messages.length - SHOWN;
  const lines = messages.slice(0, SHOWN).map((message) => `  ${message.trimEnd()}`);
  const rest = more > 0 ? [`  … and ${more} more, which most likely follow from these`] : [];
  return new CliError(EXIT.usage, [`${told} is not valid YAML:`, ...lines, ...rest].join('\n'));
}

/** An alias without its anchor (`*name`) is found only here, and the library knows no line for it. */
function plainContent(document: Document, told: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw error instanceof ReferenceError ? notYaml(told, [error.message]) : error;
  }
}

/** The key that stands where `config` should. */
function configHint(content: unknown): string {
  const key = isRecord(content)
    ? Object.keys(content).find((one) => closest(one, ['config']) !== undefined)
    : undefined;
  return key === undefined || key === 'config' ? '' : ` (is "${key}" meant to be it?)`;
}
