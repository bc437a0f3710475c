import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { stackAtCommit } from '../at-commit.ts';
import { TREE } from '../paths.ts';
import { parseStackFile, type StackFile } from '../stack-file.ts';

/** A stack as it was, and how to call it. */
export interface Former {
  told: string;
  /** Undefined: at that commit there was no such stack. */
  file?: StackFile;
}

/**
 * The stack file that a cost is compared with: a file, if there is one of that name, else the stack's own at a git commit.
 * Throws CliError (usage) for what is neither.
 */
export async function former(stack: string, against: string, tree: string = TREE): Promise<Former> {
  if (existsSync(against) && statSync(against).isFile())
    return { told: against, file: parseStackFile(stack, against, readFileSync(against, 'utf8'), basename(against)) };
  const file = await stackAtCommit(stack, against, '--against', tree);
  return { told: against, ...(file !== undefined && { file }) };
}
