import { execFile } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { CliError, EXIT } from '../exit.ts';
import { TREE } from '../paths.ts';
import { parseStackFile, type StackFile } from '../stack-file.ts';

const run = promisify(execFile);

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
  const commit = await commitOf(against, tree);
  const name = `Pulumi.${stack}.yaml`;
  // "./": relative to the tree, which may be a folder of a larger repository.
  const listed = await git(['ls-tree', '--name-only', commit, `./${name}`], tree);
  if (listed.trim() === '') return { told: against };
  const text = await git(['show', `${commit}:./${name}`], tree);
  return { told: against, file: parseStackFile(stack, name, text, `${name} at ${against}`) };
}

async function commitOf(ref: string, tree: string): Promise<string> {
  try {
    return (await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`], tree)).trim();
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(
      EXIT.usage,
      `--against ${ref}: neither a file nor a commit that this checkout knows (in CI, fetch more than the last commit)`,
      { cause: error },
    );
  }
}

async function git(args: readonly string[], tree: string): Promise<string> {
  try {
    return (await run('git', [...args], { cwd: tree, maxBuffer: 16 * 1024 * 1024 })).stdout;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new CliError(EXIT.usage, '--against a commit needs git on the PATH', { cause: error });
    throw error;
  }
}
