import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, symlinkSync, utimesSync } from 'node:fs';
import { basename, join } from 'node:path';
import { TREE } from '../../cli/paths.ts';

/** What a checkout does not hold. */
const NOT_TRACKED = new Set(['node_modules', '.git', '.lab', '.mypy_cache', '.ruff_cache', '__pycache__', 'coverage']);

/**
 * Copies the checkout to `to`, so that a test may edit its files; the installed dependencies are shared. (Links to the
 * rooms would not do: Node resolves them, and the CLI would take the real checkout for its own.)
 */
export function copyTree(to: string): string {
  cpSync(TREE, to, {
    recursive: true,
    filter: (source) => !NOT_TRACKED.has(basename(source)),
  });
  if (!existsSync(join(to, 'node_modules'))) symlinkSync(join(TREE, 'node_modules'), join(to, 'node_modules'));
  // Older than the dependencies, which else would have to be installed again.
  utimesSync(join(to, 'package-lock.json'), 1e9, 1e9);
  return to;
}

/** Makes a copied checkout a repository with all of it committed. */
export function commitAll(tree: string): void {
  const git = (...args: string[]): void => void execFileSync('git', args, { cwd: tree });
  git('init', '--quiet');
  git('add', '--all');
  git('-c', 'user.name=test', '-c', 'user.email=test@example.com', 'commit', '--quiet', '--message=all');
}

/** What is not as it was committed: the empty text when nothing was written to the checkout. */
export function changedFiles(tree: string): string {
  return execFileSync('git', ['status', '--porcelain'], { cwd: tree, encoding: 'utf8' });
}
