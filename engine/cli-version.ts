import { dirname } from 'node:path';
import { run } from './child.ts';

/**
 * Asks an executable for its version.
 * @returns the version without its leading v, or undefined when it does not say one within 20 s
 * @throws the reason of `signal` when aborted
 */
export async function versionOf(
  cli: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    // In its own folder: in a project, Pulumi first checks what that project requires of it.
    const answer = await run(cli, args, { env, cwd: dirname(cli), signal, timeout: 20_000 });
    return answer.code === 0 ? /^(?:\w+ version )?v?(\d+\.\d+\.\d+\S*)$/m.exec(answer.stdout.trim())?.[1] : undefined;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** Asks a `pulumi`. */
export const pulumiVersionOf = (
  cli: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string | undefined> => versionOf(cli, ['version'], { ...env, PULUMI_SKIP_UPDATE_CHECK: 'true' }, signal);
