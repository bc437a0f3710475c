import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { ensureTenant } from '../../lab/api/tenants.ts';
import { labDown, labUp } from '../../lab/control.ts';
import { installLanguageHost, installStandIns } from '../../lab/plugins/install.ts';
import { planMesh } from '../../mesh/plan/index.ts';
import type { MeshPlan } from '../../mesh/plan/types.ts';
import { engine } from '../engine.ts';
import { CliError, EXIT } from '../exit.ts';
import { labDirectory, TREE } from '../paths.ts';
import type { Progress } from '../progress.ts';
import { meshConfig, readStackFile, type StackFile } from '../stack-file.ts';
import { labEnvironment, labPaths } from './environment.ts';
import { labOverlay } from './overlay.ts';
import { syncStack } from './stack.ts';

export interface PreparedLab {
  labDir: string;
  cli: string;
  env: NodeJS.ProcessEnv;
  file: StackFile;
  plan: MeshPlan;
  /** true when this call started the lab: whoever is interrupted stops what he started. */
  started: boolean;
}

/**
 * Everything that an engine run against the lab needs, from nothing: config checked first (a fault creates nothing),
 * then the engine, the lab, its plugins, its stack. Safe to repeat and to run twice at once.
 */
export async function prepareLab(stack: string, progress: Progress): Promise<PreparedLab> {
  const file = readStackFile(stack);
  const plan = planMesh(meshConfig(file), { stack });
  const found = await engine(progress);
  const labDir = labDirectory();
  const paths = labPaths(labDir, stack);
  await mkdir(paths.backend, { recursive: true });
  try {
    if (!existsSync(paths.passphrase))
      await writeFile(paths.passphrase, randomBytes(24).toString('hex'), { mode: 0o600, flag: 'wx' }).catch(
        alreadyThere,
      );
    installLanguageHost(paths.bin, found.cli, TREE);
    installStandIns(paths.pulumiHome, TREE);
    const { tenant, added } = await ensureTenant(labDir, stack, plan.tailnet.name);
    // The daemon reads its tenants when it starts.
    if (added && (await labDown(labDir))) progress(`the lab restarts, to know the stack "${stack}"`);
    const { started, config } = await labUp(labDir, { onProgress: progress });
    await syncStack(labDir, file, labOverlay(config, tenant));
    return { labDir, cli: paths.cli, env: labEnvironment(labDir, stack), file, plan, started };
  } catch (error) {
    if (error instanceof CliError || !(error instanceof Error)) throw error;
    throw new CliError(EXIT.lab, error.message, { cause: error });
  }
}

function alreadyThere(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
}
