import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cacheFolder } from '../../engine/cache.ts';
import { officialNames } from '../../lab/plugins/install.ts';
import { TREE } from '../paths.ts';

/** Where a lab keeps what the engine needs. All below the lab's directory; nothing of it is tracked. */
export function labPaths(labDir: string, stack: string) {
  // Official plugins are another PULUMI_HOME: neither choice finds what the other left.
  const own = officialNames().size > 0 ? join(labDir, 'official') : labDir;
  return {
    bin: join(own, 'bin'),
    cli: join(own, 'bin', 'pulumi'),
    pulumiHome: join(own, 'pulumi-home'),
    backend: join(labDir, 'state'),
    /** The engine's own record of the stack. */
    record: join(labDir, 'state', '.pulumi', 'stacks', 'site-mesh', `${stack}.json`),
    passphrase: join(labDir, 'passphrase'),
    stackConfig: join(labDir, `Pulumi.${stack}.yaml`),
  };
}

/**
 * The variables that a shell needs to run `pulumi` by hand against the lab: which engine, which backend, which stack
 * and which config file (the lab's own: the tracked one is never written), and the guardrails on every preview and up.
 */
export function labVariables(labDir: string, stack: string): Record<string, string> {
  const paths = labPaths(labDir, stack);
  return {
    PULUMI_HOME: paths.pulumiHome,
    // Encoded: the engine reads %, # and ? in it as parts of a URL.
    PULUMI_BACKEND_URL: pathToFileURL(paths.backend).href,
    PULUMI_CONFIG_PASSPHRASE_FILE: paths.passphrase,
    PULUMI_SKIP_UPDATE_CHECK: 'true',
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
    PULUMI_OPTION_STACK: stack,
    PULUMI_OPTION_CONFIG_FILE: paths.stackConfig,
    PULUMI_OPTION_POLICY_PACK: join(TREE, 'policies'),
    // Stacks that share a tailnet read each other's files: the lab's own first.
    MESH_STACK_FILES: labDir,
    // Five processes of Node start with each run: program, guardrails, plugins. Compiling them is a third of its time.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? cacheFolder(process.env, 'compiled'),
  };
}

/** The same for a child process: with the lab's CLI and the pinned Node first on PATH. */
export function labEnvironment(
  labDir: string,
  stack: string,
  base: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const path = [labPaths(labDir, stack).bin, join(TREE, 'node_modules', '.bin'), base.PATH ?? ''].join(delimiter);
  // An inherited credential or backend of the user's must not reach the lab's engine, nor the other way round.
  const foreign = /^(PULUMI_|HCLOUD_|TAILSCALE_|DIGITALOCEAN_|npm_|SSH_AUTH_SOCK$)/;
  const clean = Object.fromEntries(Object.entries(base).filter(([key]) => !foreign.test(key)));
  return { ...clean, ...labVariables(labDir, stack), PATH: path };
}
