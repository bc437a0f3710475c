import { readFile } from 'node:fs/promises';
import { CliError, EXIT } from '../exit.ts';
import { runPulumi } from '../pulumi.ts';

/** Private keys of the deploying side: for hosts, and for the jump hosts on the way. Never printed. */
export interface Keys {
  ssh: string;
  jump: string;
}

export interface KeySource {
  stack: string;
  /** Where the stack says that its credentials are. */
  from: 'stack' | 'environment';
  environment: NodeJS.ProcessEnv;
  /** Makes the Pulumi CLI available; only asked when a key has to be decrypted. */
  cli: () => Promise<string>;
}

/** A file that a variable names counts most: it needs no backend and no passphrase. */
const FILE = 'MESH_SSH_PRIVATE_KEY_FILE';

/** @throws CliError (usage) that names every place where a key could have been. */
export async function readKeys(source: KeySource): Promise<Keys> {
  const file = source.environment[FILE] ?? '';
  if (file !== '') {
    const key = await readFile(file, 'utf8').catch((error: unknown) => {
      const why = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
      throw new CliError(EXIT.usage, `${FILE}=${file} cannot be read: ${why}`, { cause: error });
    });
    return { ssh: key, jump: key };
  }
  const [ssh, jump] = await Promise.all([
    readSecret(source, 'site-mesh:sshPrivateKey', 'MESH_SSH_PRIVATE_KEY'),
    readSecret(source, 'site-mesh:jumpPrivateKey', 'MESH_JUMP_PRIVATE_KEY'),
  ]);
  if (ssh === undefined) {
    const where =
      source.from === 'environment'
        ? 'MESH_SSH_PRIVATE_KEY is not set'
        : `pulumi config get site-mesh:sshPrivateKey --stack ${source.stack} answers nothing: is it set, and are its backend and passphrase those of this shell?`;
    throw new CliError(EXIT.usage, `the deploy key is not known: ${where} Or name a file: ${FILE}=KEYFILE`);
  }
  return { ssh, jump: jump ?? ssh };
}

/** A credential from the one place that the stack names: decrypted by pulumi, or a variable. Undefined when it is not there. */
export async function readSecret(source: KeySource, key: string, variable: string): Promise<string | undefined> {
  if (source.from === 'environment') {
    const value = source.environment[variable] ?? '';
    return value === '' ? undefined : value;
  }
  const run = await runPulumi(['config', 'get', key, '--stack', source.stack], {
    cli: await source.cli(),
    env: source.environment,
  });
  return run.code === 0 && run.stdout.trim() !== '' ? run.stdout : undefined;
}
