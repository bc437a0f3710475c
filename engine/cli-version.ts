import { dirname } from 'node:path';
import { run } from './child.ts';

/**
 * Asks an executable for its version.
 * @returns the version without its leading v, or undefined when it does not answer like Pulumi within 20 s
 * @throws the reason of `signal` when aborted
 */
export async function versionOf(cli: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<string | undefined> {
  try {
    // In its own folder: in a project, the CLI first checks what that project requires of it.
    const answer = await run(cli, ['version'], {
      env: { ...env, PULUMI_SKIP_UPDATE_CHECK: 'true' },
      cwd: dirname(cli),
      signal,
      timeout: 20_000,
    });
    return answer.code === 0 ? /^v?(\d+\.\d+\.\d+\S*)$/m.exec(answer.stdout.trim())?.[1] : undefined;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
