import { cloudOf, type CloudName } from '../../mesh/config/clouds.ts';
import { configPath, setCommand, type Credential } from '../../mesh/config/credentials.ts';
import { CliError, EXIT } from '../exit.ts';
import type { PulumiRun } from '../pulumi.ts';

/** Where tokens and APIs are: those of the stack, of the environment, or of the lab. */
export interface Access {
  token(credential: Credential, cloud: CloudName): Promise<string>;
  /** Undefined: the cloud's own. */
  endpoint(cloud: CloudName): string | undefined;
}

/** The endpoint that a config names. */
export function configuredEndpoint(config: Record<string, unknown>, cloud: CloudName): string | undefined {
  const value = config[cloudOf(cloud).token?.endpoint ?? ''];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export const fromEnvironment = (config: Record<string, unknown>, environment: NodeJS.ProcessEnv): Access => ({
  endpoint: (cloud) => configuredEndpoint(config, cloud),
  token: ({ what, variable }) => {
    const value = environment[variable] ?? '';
    if (value !== '') return Promise.resolve(value);
    throw new CliError(
      EXIT.usage,
      `no ${what}: set ${variable} in the environment of mesh (the stack says credentials: { from: environment })`,
    );
  },
});

/** Decrypts one key of the stack's config at a time, with the user's own login and passphrase. The value stays in memory. */
export const fromStack = (
  config: Record<string, unknown>,
  pulumi: (args: readonly string[]) => Promise<PulumiRun>,
  stack: string,
): Access => ({
  endpoint: (cloud) => configuredEndpoint(config, cloud),
  token: async (credential) => {
    const path = configPath(credential.key);
    const key = path === credential.key ? [path] : ['--path', path];
    const { code, stdout, stderr } = await pulumi(['config', 'get', ...key, '--stack', stack, '--non-interactive']);
    const value = stdout.trim();
    if (code === 0 && value !== '') return value;
    if (code === 0 || /configuration key .* not found/.test(stderr))
      throw new CliError(
        EXIT.usage,
        `stack ${stack} has no ${credential.what}: ${setCommand(credential)} --stack ${stack}`,
      );
    throw new CliError(
      EXIT.failed,
      `the ${credential.what} of stack ${stack} could not be read: ${stderr.trim()}\n  → log in (pulumi login), or use the lab's: mesh cost ${stack} --lab`,
    );
  },
});
