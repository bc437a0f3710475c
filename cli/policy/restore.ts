import { readFileSync } from 'node:fs';
import { CliError, EXIT } from '../exit.ts';
import { resourcesOf, type State } from '../recover/state.ts';

const TYPE = 'mesh:index:TailnetPolicy';

/** The last policy of a stack that was found good after its push. Throws CliError when the state has none. */
export function recordedPolicy(state: State, stack: string): string {
  const outputs = resourcesOf(state).find(({ type, delete: gone }) => type === TYPE && gone !== true)?.outputs ?? {};
  const { text, former, etag, checked } = outputs;
  const good = checked !== etag && typeof former === 'string' ? former : text;
  if (typeof good === 'string') return good;
  throw new CliError(
    EXIT.usage,
    `the state of ${stack} has no policy to put back: none was pushed by an up that ended well. Name a file: mesh policy restore ${stack} --file FILE`,
  );
}

/** Throws CliError (usage) when it cannot be read. */
export function policyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new CliError(EXIT.usage, `--file ${path} cannot be read: ${why}`, { cause: error });
  }
}
