import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CliError, EXIT } from './exit.ts';
import { TREE } from './paths.ts';
import { parseStackFile, type StackFile } from './stack-file.ts';

const run = promisify(execFile);

/**
 * The file of a stack at a git commit; undefined where that commit has no such stack. Throws CliError (usage) for what is no commit.
 * @param option what the user wrote before the commit, for messages: `--against`
 */
export async function stackAtCommit(
  stack: string,
  ref: string,
  option: string,
  tree: string = TREE,
): Promise<StackFile | undefined> {
  const commit = await commitOf(ref, option, tree);
  const name = `Pulumi.${stack}.yaml`;
  // "./": relative to the tree, which may be a folder of a larger repository.
  const listed = await git(['ls-tree', '--name-only', commit, `./${name}`], option, tree);
  if (listed.trim() === '') return undefined;
  const text = await git(['show', `${commit}:./${name}`], option, tree);
  return parseStackFile(stack, name, text, `${name} at ${ref}`);
}

async function commitOf(ref: string, option: string, tree: string): Promise<string> {
  try {
    return (
      await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`], option, tree)
    ).trim();
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(
      EXIT.usage,
      `${option} ${ref}: neither a file nor a commit that this checkout knows (in CI, fetch more than the last commit)`,
      { cause: error },
    );
  }
}

async function git(args: readonly string[], option: string, tree: string): Promise<string> {
  try {
    return (await run('git', [...args], { cwd: tree, maxBuffer: 16 * 1024 * 1024 })).stdout;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new CliError(EXIT.usage, `${option} a commit needs git on the PATH`, { cause: error });
    throw error;
  }
}
