import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDocument, stringify } from 'yaml';
import { z } from 'zod';
import { CliError, EXIT } from '../exit.ts';
import { TREE } from '../paths.ts';
import { runPulumi } from '../pulumi.ts';
import { type StackFile } from '../stack-file.ts';
import { encryption } from './encryption.ts';
import { labEnvironment, labPaths } from './environment.ts';
import type { Overlay } from './overlay.ts';
import { isRecord, isSecret } from '../../mesh/config/stack-text.ts';

/**
 * Keeps the lab's own stack and its config file in step with the tracked `Pulumi.<stack>.yaml`: plain values are
 * copied on every call, the lab's endpoints and keys laid over them. `pulumi stack init` writes an encryption salt
 * into the stack file beside Pulumi.yaml, so it runs in a directory of its own: the tracked file is never written.
 * Safe to repeat; secrets are encrypted only when they are new.
 */
export async function syncStack(labDir: string, file: StackFile, overlay: Overlay): Promise<void> {
  const paths = labPaths(labDir, file.stack);
  await mkdir(paths.backend, { recursive: true });
  const env = labEnvironment(labDir, file.stack);
  if (!existsSync(paths.record)) await initStack(paths.cli, env, file.stack);
  const salt = await recordedSalt(paths.record);
  const current = existsSync(paths.stackConfig) ? await readConfig(paths.stackConfig) : undefined;
  const digest = fingerprint(salt, overlay.secrets);
  const known = current?.digest === digest ? Object.entries(current.config).filter(([, value]) => isSecret(value)) : [];
  const secrets =
    known.length > 0
      ? Object.fromEntries(known)
      : await encrypted(overlay.secrets, salt, await readFile(paths.passphrase, 'utf8'));
  const plain = Object.entries(file.config).filter(([, value]) => !isSecret(value));
  const config = { ...Object.fromEntries(plain), ...overlay.plain, ...secrets };
  const text = `# Written by mesh from Pulumi.${file.stack}.yaml; edit that file.\n${stringify({ encryptionsalt: salt, config })}`;
  await replaceFile(paths.stackConfig, `# secrets ${digest}\n${text}`);
}

/** Creates the stack in the lab's backend. */
async function initStack(cli: string, env: NodeJS.ProcessEnv, stack: string): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'site-mesh-init-'));
  try {
    await copyFile(join(TREE, 'Pulumi.yaml'), join(scratch, 'Pulumi.yaml'));
    const own = { ...env, PULUMI_OPTION_CONFIG_FILE: undefined, PULUMI_OPTION_STACK: undefined };
    const run = await runPulumi(['stack', 'init', stack, '--no-select'], { cli, env: own, cwd: scratch });
    if (run.code !== 0)
      throw new CliError(EXIT.lab, `the lab's stack "${stack}" could not be made: ${run.stderr.trim()}`);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Config values, by key; a member of a mapping is within its mapping. */
async function encrypted(
  secrets: Record<string, string>,
  salt: string,
  passphrase: string,
): Promise<Record<string, unknown>> {
  const encrypt = await encryption(salt, passphrase.trim()).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(EXIT.lab, `the lab's stack takes no secrets: ${why}. Start afresh: mesh lab reset`);
  });
  const config: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(secrets)) {
    const secure = { secure: encrypt(value) };
    const [, mapping, member] = /^(.+)\[(".*")\]$/.exec(path) ?? [];
    if (mapping === undefined || member === undefined) config[path] = secure;
    else config[mapping] = { ...(config[mapping] as object | undefined), [JSON.parse(member) as string]: secure };
  }
  return config;
}

const checkpoint = z.object({
  checkpoint: z.object({
    latest: z.object({ secrets_providers: z.object({ state: z.object({ salt: z.string() }) }) }),
  }),
});

/**
 * The stack's encryption salt, from the engine's own record: a run that was killed between the making of the stack and the
 * writing of its config file leaves the record alone.
 */
async function recordedSalt(path: string): Promise<string> {
  try {
    return checkpoint.parse(JSON.parse(await readFile(path, 'utf8'))).checkpoint.latest.secrets_providers.state.salt;
  } catch (error) {
    throw new CliError(EXIT.lab, `the engine's record of the stack is damaged: ${path}. Start afresh: mesh lab reset`, {
      cause: error,
    });
  }
}

/** The config file that we wrote; nothing in it that the lab could not write again. */
async function readConfig(path: string): Promise<{ config: Record<string, unknown>; digest?: string }> {
  const text = await readFile(path, 'utf8');
  const content: unknown = parseDocument(text).toJS();
  const digest = /^# secrets ([0-9a-f]{64})$/m.exec(text)?.[1];
  return {
    config: isRecord(content) && isRecord(content.config) ? content.config : {},
    ...(digest === undefined ? {} : { digest }),
  };
}

/** Tells whether the encrypted values in the file are still those of the lab, without decrypting them. */
function fingerprint(salt: string, secrets: Record<string, string>): string {
  return createHash('sha256')
    .update(JSON.stringify([salt, Object.entries(secrets).sort()]))
    .digest('hex');
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, text, { mode: 0o600 });
  await rename(temporary, path);
}
