import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the npm SDK of the pinned version sends and expects of one type. */
export interface SdkType {
  inputs: Set<string>;
  required: Set<string>;
  outputs: Set<string>;
  /** What the SDK itself wraps or marks, whatever the plugin does. */
  secrets: Set<string>;
}

const folder = (treeRoot: string, packageName: string): string =>
  join(treeRoot, 'node_modules', '@pulumi', packageName);

/** `hcloud:index/server:Server` is in server.js, `command:remote:Command` in remote/command.js. */
function moduleFile(root: string, token: string): string {
  const [, module = '', type = ''] = token.split(':');
  const file = `${type.charAt(0).toLowerCase()}${type.slice(1)}.js`;
  return module.startsWith('index') ? join(root, file) : join(root, module, file);
}

const names = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => match[1] ?? '');
const wrapped = (text: string): string[] => names(text, /resourceInputs\["(\w+)"\] = [^;\n]*pulumi\.secret\(/g);

/** The version of the package, or undefined where it is not installed. */
export function sdkVersion(treeRoot: string, packageName: string): string | undefined {
  const file = join(folder(treeRoot, packageName), 'package.json');
  if (!existsSync(file)) return undefined;
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}

/**
 * Reads the generated constructor: what is set from `args` is an argument, and all that is set is an output.
 * @returns undefined when the SDK has no such type
 */
export function sdkType(treeRoot: string, packageName: string, token: string): SdkType | undefined {
  const file = moduleFile(folder(treeRoot, packageName), token);
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, 'utf8');
  const making = text.slice(text.indexOf('constructor('));
  const all = names(making, /resourceInputs\["(\w+)"\] = /g);
  const inputs = names(making, /resourceInputs\["(\w+)"\] = [^;\n]*args\?\./g);
  const marked = /additionalSecretOutputs: \[([^\]]*)\]/.exec(making)?.[1] ?? '';
  return {
    inputs: new Set(inputs),
    required: new Set(names(making, /args\?\.(\w+) === undefined && !opts\.urn/g)),
    outputs: new Set(all),
    secrets: new Set([...wrapped(making), ...names(marked, /"(\w+)"/g)]),
  };
}

/** Arguments that the SDK's provider wraps as secrets. */
export function sdkSecretConfig(treeRoot: string, packageName: string): string[] {
  return wrapped(readFileSync(join(folder(treeRoot, packageName), 'provider.js'), 'utf8'));
}
